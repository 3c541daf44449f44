import { createHash } from 'node:crypto'
import type { Context } from 'hono'

/** What a request asks for, told apart from what another one asks for. */
export interface RequestDigest {
  readonly sha256: string
  /** Of its body, as they were counted: without the boundary of a form. */
  readonly bytes: number
}

/** A digest that grows while the handler reads the body. */
export interface GrowingDigest {
  /** `null` before the body was read to its end. */
  soFar(): RequestDigest | null
  /** Reads what the handler has left of the body; `null` where it has more than `most` bytes, of which no more are read. */
  finish(most?: number): Promise<RequestDigest | null>
}

/**
 * The digest of a request: its query, and what `body()` took, or else the bytes of its body, which it is made of as they stream to
 * the handler. With them go what decides how they are read, the media type, its `charset` and the `Content-Encoding`; no other
 * parameter does. A form's boundary is chosen anew by each client at each try, so that its delimiters (`--` and the boundary) are left out.
 */
export function requestDigest(c: Context, taken: unknown): GrowingDigest {
  const hash = createHash('sha256')
  const query = new URL(c.req.url).searchParams.toString()
  if (taken !== undefined) return whole({ sha256: hash.update(JSON.stringify([query, taken])).digest('hex'), bytes: 0 })

  const { type, charset, boundary } = mediaType(c.req.header('content-type') ?? '')
  hash.update(JSON.stringify([query, type, charset, c.req.header('content-encoding') ?? '']))
  const source = c.req.raw.body
  if (!source) return whole({ sha256: hash.digest('hex'), bytes: 0 })

  let bytes = 0
  let ended: RequestDigest | null = null
  const count = (piece: Uint8Array): void => {
    bytes += piece.length
    hash.update(piece)
  }
  const content = boundary ? without(`--${boundary}`, count) : { add: count, end: () => undefined }
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  const read = async (): Promise<Uint8Array | null> => {
    reader ??= source.getReader()
    const { done, value } = await reader.read()
    if (!done) content.add(value)
    else if (!ended) {
      content.end()
      ended = { sha256: hash.digest('hex'), bytes }
    }
    return value ?? null
  }
  replaceBody(c, read)

  return {
    soFar: () => ended,
    async finish(most = Number.POSITIVE_INFINITY) {
      while (bytes <= most && (await read()));
      return bytes <= most ? ended : null
    },
  }
}

function whole(digest: RequestDigest): GrowingDigest {
  return { soFar: () => digest, finish: async () => digest }
}

/** A handler that cancels the body leaves the source as it is: cancelled, the connection would be closed before the answer is out. */
function replaceBody(c: Context, read: () => Promise<Uint8Array | null>): void {
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(stream) {
        const bytes = await read()
        if (bytes) stream.enqueue(bytes)
        else stream.close()
      },
    },
    { highWaterMark: 0 },
  )
  const { method, url, headers, signal } = c.req.raw
  // Not by `new Request(c.req.raw, …)`, which refuses the Node server's own kind of request.
  c.req.raw = new Request(url, { method, headers, signal, body, duplex: 'half' })
}

function mediaType(header: string) {
  const [type = ''] = header.split(';')
  const parameter = (name: string): string | undefined => {
    const found = new RegExp(`;\\s*${name}=(?:"([^"]+)"|([^;\\s]+))`, 'i').exec(header)
    return found?.[1] ?? found?.[2]
  }
  const form = type.trim().toLowerCase().startsWith('multipart/')
  return {
    type: type.trim().toLowerCase(),
    charset: parameter('charset')?.toLowerCase() ?? '',
    boundary: form ? parameter('boundary') : undefined,
  }
}

/** Passes bytes on as they come, but for each occurrence of the mark, also where it comes in two pieces. */
function without(mark: string, pass: (bytes: Uint8Array) => void) {
  let rest = Buffer.alloc(0)
  return {
    add(bytes: Uint8Array): void {
      rest = Buffer.concat([rest, bytes])
      for (let at = rest.indexOf(mark); at >= 0; at = rest.indexOf(mark)) {
        pass(rest.subarray(0, at))
        rest = rest.subarray(at + mark.length)
      }
      const sure = Math.max(0, rest.length - mark.length + 1)
      pass(rest.subarray(0, sure))
      rest = rest.subarray(sure)
    },
    end(): void {
      pass(rest)
    },
  }
}
