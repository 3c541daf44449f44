import type { Context, MiddlewareHandler } from 'hono'
import { PlatformError } from './errors.ts'
import { specified } from './routes.ts'

/** Lets a handler read a body of so many bytes and no more: beyond them it is refused with `too_large`, whatever its length said. */
export function atMost(bytes: number): MiddlewareHandler {
  async function atMost(c: Context, next: () => Promise<void>): Promise<void> {
    const length = Number(c.req.header('content-length') ?? 0)
    if (length > bytes) throw tooLarge(bytes)
    const isOver = count(c, bytes)
    await next()
    // What the handler made of a body that broke off says nothing.
    if (isOver()) throw tooLarge(bytes)
  }
  return specified<MiddlewareHandler>(atMost, { errors: ['too_large'] })
}

/** Breaks the body off at its bound; answers with whether it has. */
function count(c: Context, most: number): () => boolean {
  const { method, url, headers, signal, body } = c.req.raw
  let left = most
  if (!body) return () => false
  const counted = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        left -= part.byteLength
        if (left < 0) controller.error(tooLarge(most))
        else controller.enqueue(part)
      },
    }),
    // Cancelled, the connection would be closed before the answer is out; the server drains what is left, within bounds.
    { preventCancel: true },
  )
  // Not by `new Request(c.req.raw, …)`, which refuses the Node server's own kind of request.
  c.req.raw = new Request(url, { method, headers, signal, body: counted, duplex: 'half' })
  return () => left < 0
}

function tooLarge(most: number): PlatformError {
  return new PlatformError('too_large', `a body of at most ${most} bytes is taken`)
}
