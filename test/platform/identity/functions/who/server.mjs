// Tells what it finds in its environment, and by whose word it got its last event.
import { createServer } from 'node:http'

let last = null
createServer((request, response) => {
  request.resume()
  if (request.method === 'POST') {
    const { 'ce-type': type, 'ce-authtype': authtype, 'ce-authid': authid } = request.headers
    last = { type, authtype, authid }
    response.writeHead(204).end()
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ environment: process.env, last }))
}).listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
