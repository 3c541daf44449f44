/** Those who wait for something to be said of a place. */
export interface WaitingRoom {
  /** Resolves when the place is called, after `most` ms, or when the signal ends. */
  wait(place: string, most: number, signal: AbortSignal): Promise<void>
  /** Wakes those who wait for the place; an empty place wakes all. */
  call(place: string): void
}

export function waitingRoom(): WaitingRoom {
  const places = new Map<string, Set<() => void>>()

  return {
    wait(place, most, signal) {
      return new Promise((resolve) => {
        const waiting = places.get(place) ?? new Set()
        places.set(place, waiting)
        const done = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          waiting.delete(done)
          resolve()
        }
        const timer = setTimeout(done, most)
        signal.addEventListener('abort', done, { once: true })
        waiting.add(done)
        if (signal.aborted) done()
      })
    },
    call(place) {
      const called = place === '' ? [...places.values()] : [places.get(place) ?? new Set<() => void>()]
      for (const waiting of called) for (const done of [...waiting]) done()
    },
  }
}
