import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { setup, temporary, until } from '../build/local/setup.ts'

const SERVER = `import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        guarded = self.headers['X-Mezz-Guard'] == os.environ['MEZZ_GUARD']
        data = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        body = json.dumps({'sum': sum(data), 'guarded': guarded, 'path': self.path}).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
`
const found = spawnSync('python3', ['--version'], { encoding: 'utf8' })

it('a command in Python is called, and scaled to zero', {
  skip: found.status !== 0 && 'no python3 here',
}, async (t) => {
  t.diagnostic(`ran on ${found.stdout.trim()}`)
  const cwd = temporary(t)
  writeFileSync(join(cwd, 'server.py'), SERVER)
  const { get, pool } = await setup(
    t,
    {
      definition: { name: 'sums', scope: 'sums:use' },
      run: { command: ['python3', 'server.py'], cwd },
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' },
    },
    { idle: 100 },
  )

  const answers = await Promise.all(
    Array.from({ length: 30 }, () => get('/default/sums/add', { method: 'POST', body: '[1, 2, 3]' })),
  )

  for (const { text } of answers) assert.deepEqual(JSON.parse(text), { sum: 6, guarded: true, path: '/add' })
  await until(() => pool.status().processes + pool.status().starting === 0)
})
