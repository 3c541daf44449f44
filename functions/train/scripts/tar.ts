import { PlatformError } from 'mezz/errors'

/** A file of a script: its path in plain steps (`lib/features.py`), and its bytes. */
export interface ScriptFile {
  readonly path: string
  readonly bytes: Uint8Array
}

const BLOCK = 512
const MOST_NAME = 100
/** POSIX 1003.1-1988: what an entry's type flag says. */
const FILE = ['', '0', '7']
const FOLDER = '5'
/** Of the next entry, by POSIX 1003.1-2001 and by GNU; `g` is about all that follow. */
const NEXT_PAX = 'x'
const ALL_PAX = 'g'
const NEXT_NAME = 'L'

/** Whether these bytes begin as a tar archive does. */
export function isTar(bytes: Uint8Array): boolean {
  return bytes.length >= BLOCK && text(bytes, 257, 5) === 'ustar'
}

/** The files of a tar archive (ustar, with the longer names of pax and GNU), in its order; `unprocessable` where it is broken or holds what is no file. */
export function readTar(bytes: Uint8Array): ScriptFile[] {
  const files: ScriptFile[] = []
  let longName: string | undefined
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const head = bytes.subarray(at, at + BLOCK)
    if (head.every((byte) => byte === 0)) return files
    if (sumOf(head) !== octal(head, 148, 8)) throw broken(`the header at byte ${at} does not add up`)
    const size = octal(head, 124, 12)
    const body = bytes.subarray(at + BLOCK, at + BLOCK + size)
    if (body.length < size) throw broken('it ends in the middle of a file')
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK

    const type = text(head, 156, 1)
    if (type === NEXT_PAX) longName = paxPath(body) ?? longName
    else if (type === NEXT_NAME) longName = text(body, 0, body.length)
    else if (type !== ALL_PAX) {
      const prefix = text(head, 257, 6) === 'ustar' ? text(head, 345, 155) : ''
      const name = longName ?? (prefix ? `${prefix}/` : '') + text(head, 0, MOST_NAME)
      longName = undefined
      if (FILE.includes(type)) files.push({ path: name, bytes: body })
      else if (type !== FOLDER) throw broken(`${name} is no file but a link or a device`)
    }
  }
  throw broken('it has no end')
}

/** The same files give the same bytes: sorted by path, without times, owners or modes of their own. */
export function writeTar(files: readonly ScriptFile[]): Uint8Array {
  const sorted = files.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
  const parts = sorted.flatMap(({ path, bytes }) => {
    const pax = Buffer.byteLength(path) > MOST_NAME ? entry('pax', paxRecord('path', path), NEXT_PAX) : []
    return [...pax, ...entry(path, bytes, '0')]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)])
}

function entry(name: string, bytes: Uint8Array, type: string): Uint8Array[] {
  const head = Buffer.alloc(BLOCK)
  head.write(name.length > MOST_NAME ? 'long' : name, 0, MOST_NAME)
  head.write('0000644\0', 100)
  head.write('0000000\0', 108)
  head.write('0000000\0', 116)
  head.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
  head.write('00000000000\0', 136)
  head.write(type, 156)
  head.write('ustar\x0000', 257)
  head.write(`${sumOf(head).toString(8).padStart(6, '0')}\0 `, 148)
  return [head, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): Uint8Array {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest + 1
  while (String(length).length + rest !== length) length = String(length).length + rest
  return Buffer.from(`${length} ${key}=${value}\n`)
}

function paxPath(body: Uint8Array): string | undefined {
  return /^\d+ path=(.*)$/m.exec(Buffer.from(body).toString())?.[1]
}

/** The header's checksum: its bytes added up, those of the checksum itself taken as spaces. */
function sumOf(head: Uint8Array): number {
  return head.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 32 : byte), 0)
}

function octal(head: Uint8Array, at: number, length: number): number {
  const digits = text(head, at, length).trim()
  if (/^[0-7]+$/.test(digits)) return Number.parseInt(digits, 8)
  throw broken(`it holds ${JSON.stringify(digits.slice(0, 12))} where a number belongs`)
}

function text(bytes: Uint8Array, at: number, length: number): string {
  const [whole = ''] = Buffer.from(bytes.subarray(at, at + length))
    .toString()
    .split('\0')
  return whole
}

function broken(reason: string): PlatformError {
  return new PlatformError('unprocessable', `the tar archive cannot be read: ${reason}`)
}
