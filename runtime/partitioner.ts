const SEED = 0x9747b28c
const M = 0x5bd1e995
const R = 24

/** The partition of a key: murmur2 of its UTF-8 bytes, as Kafka's Java client deals them (org.apache.kafka.common.utils.Utils). */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions
}

function murmur2(data: Buffer): number {
  let h = SEED ^ data.length
  const whole = data.length & ~3
  for (let at = 0; at < whole; at += 4) {
    let k = Math.imul(data.readInt32LE(at), M)
    k = Math.imul(k ^ (k >>> R), M)
    h = Math.imul(h, M) ^ k
  }
  const rest = data.length - whole
  if (rest >= 3) h ^= (data[whole + 2] ?? 0) << 16
  if (rest >= 2) h ^= (data[whole + 1] ?? 0) << 8
  if (rest >= 1) h = Math.imul(h ^ (data[whole] ?? 0), M)
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}
