/** What a look at a trigger sees. */
export interface Seen {
  readonly name: string
  /** Grows with all that its partitions here do: reads, deliveries, answers, writes. */
  readonly moves: number
  /** Events that the log holds and the trigger has not passed. */
  readonly lag: number
  /** Events that could be delivered now. */
  readonly runnable: number
  readonly inFlight: number
  /** When the first of those that wait is due: milliseconds since 1970; `null` where none waits. */
  readonly nextDue: number | null
  /** It is paused or stopped: it need not move. */
  readonly isHeld: boolean
}

/** Tells which triggers stand still although they should not. */
export interface StallProbe {
  /** To be called now and then; answers with why each trigger stalls that does. */
  look(seen: readonly Seen[], now: number): ReadonlyMap<string, string>
}

/** `patience`: milliseconds without a move after which a trigger that has work stalls. */
export function createStallProbe(patience: number): StallProbe {
  const since = new Map<string, { readonly moves: number; readonly at: number }>()

  return {
    look(seen, now) {
      const stalls = new Map<string, string>()
      for (const one of seen) {
        const before = since.get(one.name)
        const why = shouldMove(one, now)
        if (!before || before.moves !== one.moves || !why) since.set(one.name, { moves: one.moves, at: now })
        else if (now - before.at >= patience) {
          stalls.set(one.name, `${why}, and nothing has moved for ${Math.round((now - before.at) / 1000)} s`)
        }
      }
      for (const name of since.keys()) if (!seen.some((one) => one.name === name)) since.delete(name)
      return stalls
    },
  }
}

/** Why a trigger should move; undefined where it need not. */
function shouldMove({ lag, runnable, inFlight, nextDue, isHeld }: Seen, now: number): string | undefined {
  if (isHeld || inFlight > 0) return undefined
  if (runnable > 0) return `${runnable} events could be delivered`
  if (nextDue !== null) return nextDue <= now ? 'an event that waited is due' : undefined
  return lag > 0 ? `it is ${lag} events behind` : undefined
}
