import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'

const PATIENCE = 500

/** What a handler finds as its environment, as Hono's server for Node has it. */
export interface Connection {
  readonly incoming: IncomingMessage
}

/** Answers a request of our server by a fetch handler; bodies are streamed, and the handler's signal ends when the caller goes. */
export async function answerByFetch(
  request: IncomingMessage,
  response: ServerResponse,
  handler: (request: Request, connection: Connection) => Response | Promise<Response>,
): Promise<void> {
  const caller = new AbortController()
  response.once('close', () => caller.abort())
  const answer = await handler(toRequest(request, caller.signal), { incoming: request })
  const headers: string[] = []
  for (const [name, value] of answer.headers) headers.push(name, value)
  response.writeHead(answer.status, headers)
  response.flushHeaders()
  // The two declarations of the web's stream, Node's own and the global one, are one class.
  if (answer.body) await pipeline(Readable.fromWeb(answer.body as ReadableStream), response)
  else response.end()
  letGo(request)
}

function toRequest(request: IncomingMessage, signal: AbortSignal): Request {
  const { method = 'GET', url = '/', rawHeaders } = request
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
  const bodyless = method === 'GET' || method === 'HEAD' || method === 'TRACE'
  const made = new Request(new URL(url, `http://${request.headers.host}`), {
    // The class knows no TRACE, which the handler is to refuse as any other wrong method.
    method: method === 'TRACE' ? 'GET' : method,
    headers,
    signal,
    ...(bodyless ? {} : { body: Readable.toWeb(request) as globalThis.ReadableStream, duplex: 'half' }),
  })
  return method === 'TRACE' ? Object.defineProperty(made, 'method', { value: method }) : made
}

/** For a request that was answered before all of it came: takes in what still comes, so that a caller who sends before he listens hears the answer, and ends the connection of one who goes on for more than half a second. */
function letGo(request: IncomingMessage): void {
  if (request.complete) return
  // Whoever reads it still would hold it back.
  request.removeAllListeners('data')
  request.resume()
  const late = setTimeout(() => request.destroy(), PATIENCE)
  request.once('close', () => clearTimeout(late))
}
