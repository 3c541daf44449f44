// POSIX.1-2001 "pax": ustar blocks, and before an entry that they cannot name or measure an extended header in UTF-8.
// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13

/** Everything in a tar is counted in blocks of so many bytes. */
export const BLOCK = 512
const LONGEST_NAME = 100
const LARGEST = 8 ** 11 - 1
const MODE = { file: '0000600', folder: '0000700', extended: '0000600' } as const
const TYPE = { file: '0', folder: '5', extended: 'x' } as const

export interface TarEntry {
  readonly path: string
  readonly kind: 'file' | 'folder'
  /** 0 for a folder. */
  readonly bytes: number
}

/** What comes before an entry's bytes; `at` is in seconds since 1970. */
export function tarHeader({ path, kind, bytes }: TarEntry, at: number): Buffer {
  const name = kind === 'folder' ? `${path}/` : path
  const isPlain = /^[\x20-\x7e]+$/.test(name) && name.length <= LONGEST_NAME
  if (isPlain && bytes <= LARGEST) return block(name, kind, bytes, at)
  const records = Buffer.from(record('path', name) + record('size', String(bytes)))
  // Who reads no extended header gets a name and a size that say that they are none.
  return Buffer.concat([
    block('PaxHeader', 'extended', records.length, at),
    records,
    Buffer.alloc(padding(records.length)),
    block('see-the-extended-header', kind, Math.min(bytes, LARGEST), at),
  ])
}

/** Zeros that fill an entry's last block. */
export function padding(bytes: number): number {
  return (BLOCK - (bytes % BLOCK)) % BLOCK
}

/** The sum of a header's bytes, its own field counted as blanks. */
export function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0)
}

function block(name: string, kind: keyof typeof TYPE, bytes: number, at: number): Buffer {
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0)
  header.write(MODE[kind], 100)
  header.write(octal(0, 7), 108)
  header.write(octal(0, 7), 116)
  header.write(octal(bytes, 11), 124)
  header.write(octal(Math.floor(at), 11), 136)
  header.write(TYPE[kind], 156)
  header.write('ustar\x0000', 257, 'latin1')
  header.write(`${octal(checksum(header), 6)}\0 `, 148)
  return header
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

/** A record begins with its own length in decimal digits, which count too. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(rest)
  const guess = bytes + String(bytes).length
  return `${bytes + String(guess).length}${rest}`
}
