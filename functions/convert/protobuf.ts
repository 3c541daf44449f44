/** Encoded fields of a protobuf message (https://protobuf.dev/programming-guides/encoding/), in order. */
export type Message = readonly Uint8Array[]

const VARINT = 0
const LENGTH = 2
const utf8 = new TextEncoder()

/** An int32, int64 or enum field. */
export function integer(field: number, value: number): Message {
  return [varint(tag(field, VARINT)), varint(value)]
}

/** A string field. */
export function text(field: number, value: string): Message {
  return bytes(field, utf8.encode(value))
}

/** A bytes field. */
export function bytes(field: number, value: Uint8Array): Message {
  return [varint(tag(field, LENGTH)), varint(value.length), value]
}

/** An embedded message, its fields joined in order. */
export function message(field: number, ...fields: readonly Message[]): Message {
  return bytes(field, encode(...fields))
}

/** Repeated integers, packed. */
export function integers(field: number, values: readonly number[]): Message {
  return bytes(field, join(values.map(varint)))
}

/** The bytes of a message of these fields. */
export function encode(...fields: readonly Message[]): Uint8Array {
  return join(fields.flat())
}

function tag(field: number, wire: number): number {
  return field * 8 + wire
}

/** Little-endian groups of 7 bits; a negative number takes ten bytes, as two's complement of 64 bits. */
function varint(value: number): Uint8Array {
  const out: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  out.push(Number(rest))
  return Uint8Array.from(out)
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
