import type { Body } from '../ports.ts'

/** The bytes in pieces of `size`, but for the last; each is memory of its own, so that it may be kept while the next is made. */
export async function* inPieces(body: Body, size: number): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size)
    return
  }
  let held: Uint8Array[] = []
  let bytes = 0
  for await (let chunk of body) {
    while (bytes + chunk.length >= size) {
      const fitting = size - bytes
      yield Buffer.concat([...held, chunk.subarray(0, fitting)])
      chunk = chunk.subarray(fitting)
      held = []
      bytes = 0
    }
    if (chunk.length > 0) held.push(chunk)
    bytes += chunk.length
  }
  if (bytes > 0) yield Buffer.concat(held)
}
