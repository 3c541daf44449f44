/** Reads the primitive types of Kafka's protocol (https://kafka.apache.org/protocol#protocol_types), one after the other. */
export interface KafkaReader {
  int16(): number
  int32(): number
  /** A number below 2^53. */
  int64(): number
  boolean(): boolean
  uuid(): string
  /** A string in its older form, with its length in two bytes. */
  string(): string
  /** A string in its newer, compact form; nothing is ''. */
  compactString(): string
  array<item>(read: () => item): item[]
  compactArray<item>(read: () => item): item[]
  /** Passes by the fields that a later version may have added. */
  tags(): void
}

export function kafkaReader(bytes: Buffer): KafkaReader {
  let at = 0
  function take(length: number): Buffer {
    const from = at
    at += length
    return bytes.subarray(from, at)
  }
  function unsigned(): number {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = take(1).readUInt8()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  const times = <item>(count: number, read: () => item): item[] => Array.from({ length: Math.max(0, count) }, read)

  return {
    int16: () => take(2).readInt16BE(),
    int32: () => take(4).readInt32BE(),
    int64: () => Number(take(8).readBigInt64BE()),
    boolean: () => take(1).readUInt8() !== 0,
    uuid: () => take(16).toString('hex'),
    string: () => take(Math.max(0, take(2).readInt16BE())).toString(),
    compactString: () => take(Math.max(0, unsigned() - 1)).toString(),
    array: (read) => times(take(4).readInt32BE(), read),
    compactArray: (read) => times(unsigned() - 1, read),
    tags() {
      for (let left = unsigned(); left > 0; left--) {
        unsigned()
        take(unsigned())
      }
    },
  }
}

/** The same types, written. */
export const kafkaBytes = {
  int32(value: number): Buffer {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(value)
    return bytes
  },
  int64(value: number): Buffer {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(BigInt(value))
    return bytes
  },
  boolean: (value: boolean): Buffer => Buffer.from([value ? 1 : 0]),
  string(value: string): Buffer {
    const text = Buffer.from(value)
    const length = Buffer.alloc(2)
    length.writeInt16BE(text.length)
    return Buffer.concat([length, text])
  },
  compactString(value: string): Buffer {
    const text = Buffer.from(value)
    return Buffer.concat([unsigned(text.length + 1), text])
  },
  compactArray: (items: readonly Buffer[]): Buffer => Buffer.concat([unsigned(items.length + 1), ...items]),
  uuid: (hex: string): Buffer => Buffer.from(hex, 'hex'),
  /** No fields of a later version. */
  tags: Buffer.from([0]),
}

function unsigned(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return Buffer.from([...bytes, rest])
}
