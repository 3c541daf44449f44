// A function that knows nothing of our runtime: it listens on PORT, answers HTTP, and takes CloudEvents in.
import { createServer } from 'node:http'

let last = null
createServer((request, response) => {
  let text = ''
  request.on('data', (part) => {
    text += part
  })
  request.on('end', () => {
    if (request.url === '/events/said') {
      last = { id: request.headers['ce-id'], type: request.headers['ce-type'], data: JSON.parse(text) }
      response.writeHead(204).end()
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ by: 'node', pid: process.pid, last }))
  })
}).listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
