import type { Cache } from '../cache.ts'
import { withSingleFlight } from '../single-flight.ts'

/** What an entry costs beside its bytes, about. */
const ENTRY = 200

export interface MemoryCacheOptions {
  /** What may be kept, keys included; beyond it the least recently used go. */
  readonly mostBytes?: number
  /** Milliseconds that only grow. */
  readonly now?: () => number
}

interface Entry {
  readonly value: Uint8Array
  readonly until: number
  readonly bytes: number
}

/** A cache in this process, bounded. */
export function memoryCache({ mostBytes = 64 << 20, now = () => performance.now() }: MemoryCacheOptions = {}): Cache {
  /** The least recently used first. */
  const entries = new Map<string, Entry>()
  let total = 0

  function forget(key: string): void {
    total -= entries.get(key)?.bytes ?? 0
    entries.delete(key)
  }
  function shrink(): void {
    for (const key of entries.keys()) {
      if (total <= mostBytes) return
      forget(key)
    }
  }

  return withSingleFlight({
    async get(key) {
      const entry = entries.get(key)
      if (!entry) return null
      if (entry.until <= now()) {
        forget(key)
        return null
      }
      entries.delete(key)
      entries.set(key, entry)
      return Uint8Array.from(entry.value)
    },
    async set(key, value, seconds) {
      forget(key)
      // A copy, as what its owner does to the bytes later is no business of who gets them.
      const own = typeof value === 'string' ? Buffer.from(value) : Uint8Array.from(value)
      const bytes = own.length + Buffer.byteLength(key) + ENTRY
      if (bytes > mostBytes) return
      entries.set(key, { value: own, until: now() + seconds * 1000, bytes })
      total += bytes
      shrink()
    },
    async remove(key) {
      forget(key)
    },
  })
}
