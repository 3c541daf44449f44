import { hash, randomBytes } from 'node:crypto'

/** A UUID version 7 (RFC 9562 §5.7): 48 bits of milliseconds, then random, so that ids sort by their time. */
export function uuidv7(now = Date.now()): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(now, 0, 6)
  return text(bytes, 7)
}

/** A UUID version 8 (RFC 9562 §5.8): the beginning of the SHA-256 of these names, so that the same names have the same one. */
export function uuidOf(...names: readonly string[]): string {
  return text(hash('sha256', JSON.stringify(names), 'buffer').subarray(0, 16), 8)
}

function text(bytes: Buffer, version: 7 | 8): string {
  bytes[6] = (version << 4) | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
