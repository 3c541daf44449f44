import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'

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
  request.resume()
}

function toRequest(request: IncomingMessage, signal: AbortSignal): Request {
  const { method = 'GET', url = '/', rawHeaders } = request
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
  const bodyless = method === 'GET' || method === 'HEAD'
  return new Request(new URL(url, `http://${request.headers.host}`), {
    method,
    headers,
    signal,
    ...(bodyless ? {} : { body: Readable.toWeb(request) as globalThis.ReadableStream, duplex: 'half' }),
  })
}
