import { PlatformError } from 'mezz/errors'

/** The head of a part: its headers, names in lower case. */
export interface Part {
  readonly headers: ReadonlyMap<string, string>
  readonly body: AsyncGenerator<Uint8Array>
}

const HEAD_LIMIT = 16_384

/** The first part of a multipart/form-data body (RFC 7578) whose field has this name, as it comes; parts before it are skipped. */
export async function findPart(
  body: AsyncIterable<Uint8Array>,
  { boundary, field }: { readonly boundary: string; readonly field: string },
): Promise<Part> {
  const source = body[Symbol.asyncIterator]()
  // The first boundary needs no line break before it.
  let rest = Buffer.from('\r\n')

  async function more(): Promise<boolean> {
    const { done, value } = await source.next()
    if (done) return false
    rest = Buffer.concat([rest, value])
    return true
  }

  /** Yields what comes before the mark and takes both away. */
  async function* until(mark: string): AsyncGenerator<Buffer> {
    for (;;) {
      const at = rest.indexOf(mark)
      const ready = at < 0 ? rest.length - mark.length : at
      if (ready > 0) yield rest.subarray(0, ready)
      rest = rest.subarray(at < 0 ? Math.max(0, ready) : at + mark.length)
      if (at >= 0) return
      if (!(await more())) throw broken('it ends before its last boundary')
    }
  }

  const delimiter = `\r\n--${boundary}`
  for (;;) {
    for await (const _ of until(delimiter));
    while (rest.length < 2) if (!(await more())) throw broken('it ends after a boundary')
    if (rest.subarray(0, 2).toString() === '--') {
      throw new PlatformError('invalid_input', `the form has no field \`${field}\``, {
        errors: [{ pointer: `/${field}`, reason: 'required: the file' }],
      })
    }
    const headers = parseHead(await text(until('\r\n\r\n')))
    if (/;\s*name="?([^";]*)"?/i.exec(headers.get('content-disposition') ?? '')?.[1] === field) {
      return { headers, body: until(delimiter) }
    }
  }
}

async function text(chunks: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > HEAD_LIMIT) throw broken('the head of a part is too long')
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString()
}

function parseHead(head: string): Map<string, string> {
  const lines = head.split('\r\n').filter((line) => line.includes(':'))
  return new Map(
    lines.map((line) => {
      const at = line.indexOf(':')
      return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()]
    }),
  )
}

function broken(why: string): PlatformError {
  return new PlatformError('invalid_input', `the multipart body is broken: ${why}`)
}
