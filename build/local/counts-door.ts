import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { Handover } from '../../runtime/hand-over.ts'

export interface CountsDoor {
  /** Where processes hand their counters over (`MEZZ_METRICS_URL`); who does not know it is not let in. */
  readonly url: string
  close(): Promise<void>
}

const MOST_BYTES = 1024 * 1024

/** Listens on 127.0.0.1 for what the processes of functions have counted. */
export async function openCountsDoor(take: (handover: Handover) => boolean): Promise<CountsDoor> {
  const path = `/${randomBytes(24).toString('base64url')}`
  const server = createServer((request, response) => {
    if (request.method !== 'POST' || request.url !== path) return end(response, 404)
    read(request).then(
      (handover) => end(response, handover === undefined ? 400 : take(handover) ? 204 : 409),
      () => response.destroy(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  // What listens on a port has an address of this shape.
  const { port } = Object(server.address())
  return {
    url: `http://127.0.0.1:${port}${path}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function read(request: IncomingMessage): Promise<Handover | undefined> {
  let text = ''
  for await (const part of request.setEncoding('utf8')) {
    text += part
    if (text.length > MOST_BYTES) return undefined
  }
  try {
    return Handover.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status)
  response.end()
}
