import { setTimeout as wait } from 'node:timers/promises'
import type { Expiry, Gone } from '../../runtime/expiry.ts'
import type { Objects } from '../../runtime/ports.ts'
import type { Retention } from '../../runtime/retention.ts'
import { IDEMPOTENCY, UNKEPT_BLOBS } from '../../runtime/retention.ts'
import type { Topics } from '../../runtime/topics.ts'
import { dropJobs } from './drop-jobs.ts'
import { lowestPositions } from './lowest-positions.ts'
import { sweepBlobs } from './sweep-blobs.ts'
import type { EngineLog, NamedTrigger } from './trigger.ts'

export interface HousekeepingOptions {
  readonly topics: Pick<Topics, 'trim'>
  readonly expiry: Expiry
  readonly objects: Pick<Objects, 'list' | 'remove' | 'sweep'>
  readonly retention: Retention
  readonly log: EngineLog
  /** Milliseconds since 1970: `Date.now` unless said. */
  readonly clock?: (() => number) | undefined
  triggers(): readonly NamedTrigger[]
}

/** Milliseconds. */
const FIRST = 60_000
const HOUR = 60 * 60_000

/** Lets go of what is over, in every hour until the signal ends; one engine of a team does. Rejects when a store fails. */
export async function keepHouse(options: HousekeepingOptions, signal: AbortSignal): Promise<void> {
  await options.expiry.alone(async (ended) => {
    for (let pause = FIRST; !ended.aborted; pause = HOUR) {
      await wait(pause, undefined, { signal: ended, ref: false }).catch(() => undefined)
      if (!ended.aborted) await clearUp(options, ended)
    }
  }, signal)
}

/** Lets go of all that is over now, and says so in one line; answers how many of each kind. */
export async function clearUp(options: HousekeepingOptions, signal: AbortSignal): Promise<Gone> {
  const { topics, expiry, retention, log, triggers, clock = Date.now } = options
  const now = clock()
  const before = (time: number): Date => new Date(now - time)

  const names = triggers().map(({ name }) => name)
  const below = lowestPositions(triggers(), await expiry.positions())
  const gone = {
    'records of the log': await topics.trim({ before: before(retention.log), below }),
    ...(await expiry.drop(
      {
        deadLetters: before(retention.deadLetters),
        inbox: before(retention.inbox),
        idempotency: before(IDEMPOTENCY),
        flows: before(retention.flows),
      },
      signal,
    )),
    'triggers that are gone': await expiry.forgetTriggers(names, { now: new Date(now), before: before(retention.log) }),
    jobs: await dropJobs(options, before(retention.jobs), signal),
    blobs: await sweepBlobs(options, before(UNKEPT_BLOBS), signal),
  }

  const told = Object.entries(gone).flatMap(([kind, count]) => (count > 0 ? [`${kind}: ${count}`] : []))
  if (told.length > 0) log('info', `their time is over, and they are gone: ${told.join(', ')}`)
  return gone
}
