# The same in Python, its standard library alone.
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

last = None

class Function(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, status, body):
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, json.dumps({'by': 'python', 'pid': os.getpid(), 'last': last}).encode())

    def do_POST(self):
        global last
        data = self.rfile.read(int(self.headers['Content-Length']))
        last = {'id': self.headers['ce-id'], 'type': self.headers['ce-type'], 'data': json.loads(data)}
        self.answer(200, b'')

    def log_message(self, *_):
        pass

ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), Function).serve_forever()
