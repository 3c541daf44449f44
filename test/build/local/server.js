// A function of twenty lines that knows nothing of Mezz: it listens on PORT, and misbehaves when asked to.
import { createServer } from 'node:http'

const held = []
const eaten = []

const routes = {
  '/echo': async (request, response) => {
    let bytes = 0
    for await (const chunk of request) bytes += chunk.length
    const { method, url, headers } = request
    const env = { version: process.env.VERSION, guard: process.env.MEZZ_GUARD, service: process.env.K_SERVICE }
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify({ method, url, headers, bytes, pid: process.pid, env }))
  },
  '/early': (_, response) => response.writeHead(413).end('too much'),
  '/location': (request, response) => {
    const location = decodeURIComponent(request.url.split('?')[1] ?? '').replace('PORT', process.env.PORT)
    response.writeHead(201, { Location: location }).end()
  },
  '/hold': (_, response) => held.push(response),
  '/stream': (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write('data: first\n\n')
    held.push(response)
  },
  '/release': (_, response) => {
    for (const other of held.splice(0)) other.end('data: last\n\n')
    response.end('released')
  },
  '/held': (_, response) => response.end(String(held.filter(({ destroyed }) => !destroyed).length)),
  '/exit': () => process.exit(3),
  '/cut': (request) => request.socket.destroy(),
  '/spin': () => {
    for (;;);
  },
  '/eat': () => setInterval(() => eaten.push(Buffer.alloc(8 * 2 ** 20, 1)), 5),
}

createServer((request, response) => {
  const route = routes[request.url.split('?')[0]]
  if (route) route(request, response)
  else response.writeHead(404).end()
}).listen(Number(process.env.PORT), '127.0.0.1')

if (process.env.MEZZ_ENDS_WITH_PARENT) process.stdin.once('end', () => process.exit()).resume()
