import { setTimeout as wait } from 'node:timers/promises'
import type { Objects } from '../../runtime/ports.ts'
import type { Holding, Usage } from '../../runtime/usage.ts'

export interface StoredBytesOptions {
  readonly team: string
  readonly objects: Pick<Objects, 'list'>
  readonly usage: Pick<Usage, 'holders' | 'stored'>
  /** Ends readings. */
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

export interface StoredBytes {
  /** Reads again, unless the last reading was begun less than a minute ago; those that ask at once share one. */
  refresh(): Promise<void>
  /** Reads in each hour until the signal ends, first a minute after the beginning; rejects when a store fails. */
  everyHour(): Promise<void>
}

const PAGE = 1000
const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Readings of what lies in the object store, and for whom; what two hold counts for each of them, and once for the team. */
export function createStoredBytes({ team, objects, usage, signal, now = Date.now }: StoredBytesOptions): StoredBytes {
  let begun = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined

  async function read(): Promise<void> {
    const at = new Date(now())
    const sums = new Map<string, Holding>()
    const add = (one: Holding): void => {
      const key = `${one.kind} ${one.name}`
      sums.set(key, { ...one, bytes: one.bytes + (sums.get(key)?.bytes ?? 0) })
    }
    add({ kind: 'team', name: team, bytes: 0 })
    for (let after = ''; ; ) {
      signal.throwIfAborted()
      const page = await objects.list('', { after, limit: PAGE })
      for (const holding of await usage.holders(page)) add(holding)
      for (const { bytes } of page) add({ kind: 'team', name: team, bytes })
      if (page.length < PAGE) break
      after = page.at(-1)?.name ?? after
    }
    await usage.stored(at, [...sums.values()])
  }

  function refresh(): Promise<void> {
    if (reading) return reading
    if (now() - begun < MINUTE) return Promise.resolve()
    const before = begun
    begun = now()
    reading = read()
      .catch((error: unknown) => {
        begun = before
        throw error
      })
      .finally(() => {
        reading = undefined
      })
    return reading
  }

  return {
    refresh,
    async everyHour() {
      for (let pause = MINUTE; !signal.aborted; pause = HOUR - (now() % HOUR)) {
        await wait(pause, undefined, { signal, ref: false }).catch(() => undefined)
        if (!signal.aborted) await refresh()
      }
    },
  }
}
