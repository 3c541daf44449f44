import type { Cache } from './cache.ts'

interface Flight {
  readonly value: Promise<Uint8Array>
}

/** A cache whose `through` loads a key once for all who ask at the same time. What is set or removed during a load wins over what it gives. */
export function withSingleFlight(store: Omit<Cache, 'through'>): Cache {
  const flights = new Map<string, Flight>()

  async function load(key: string, seconds: number, give: () => Promise<Uint8Array | string>, flight: () => Flight) {
    const kept = await store.get(key)
    if (kept) return kept
    const given = await give()
    const value = typeof given === 'string' ? Buffer.from(given) : given
    if (flights.get(key) === flight()) await store.set(key, value, seconds)
    return value
  }

  return {
    get: (key) => store.get(key),
    async set(key, value, seconds) {
      flights.delete(key)
      await store.set(key, value, seconds)
    },
    async remove(key) {
      flights.delete(key)
      await store.remove(key)
    },
    async through(key, seconds, give) {
      const shared = flights.get(key)
      if (shared) return shared.value
      const flight: Flight = { value: load(key, seconds, give, () => flight) }
      flights.set(key, flight)
      try {
        return await flight.value
      } finally {
        if (flights.get(key) === flight) flights.delete(key)
      }
    },
  }
}
