import type { LogRecord } from '../../runtime/topics.ts'
import type { Limits } from '../../triggers/engine/core/limits.ts'
import type { Policy } from '../../triggers/engine/core/policy.ts'
import type { Random } from './random.ts'

/** How the target treats one event. `times` counts its deliveries that go wrong; after them it works. */
export interface Handler {
  readonly kind: 'ok' | 'flaky' | 'poison' | 'broken' | 'hang' | 'late' | 'cut' | 'deadly'
  readonly times: number
  readonly status: number
  readonly retryAfter: number | undefined
  readonly latency: number
}

/** A record that is appended at a time; its id is its value's first word. */
export interface Append {
  readonly at: number
  readonly partition: number
  readonly record: LogRecord
  readonly id: string
}

/** One schedule: what is sent, how it is treated, and what goes wrong until `end`. */
export interface Plan {
  /** When it begins. */
  readonly start: number
  readonly policy: Policy
  readonly limits: Limits
  readonly partitions: number
  readonly appends: readonly Append[]
  readonly handlers: ReadonlyMap<string, Handler>
  readonly members: number
  readonly end: number
  /** Times at which a member crashes, partitions are dealt out anew, the trigger is paused. */
  readonly crashes: readonly number[]
  readonly rebalances: readonly number[]
  readonly pauses: readonly number[]
  /** When the target refuses the engine. */
  readonly refusal: { readonly from: number; readonly to: number } | undefined
  /** The share of dead letters for which the budget has no room. */
  readonly thrift: number
  /** When the events are too old whose offset is odd, if ever. */
  readonly ages: number | undefined
  /** The share of writes and claims that go wrong. */
  readonly trouble: number
}

/** How long a delivery may take. */
export const DEADLINE = 60

/** Draws a schedule. */
export function createPlan(random: Random, start: number): Plan {
  const partitions = random.between(1, 3)
  const end = random.between(200, 1200)
  const isCalm = random.chance(0.2)
  const times = (most: number) =>
    isCalm ? [] : Array.from({ length: random.between(0, most) }, () => random.between(1, end))
  const handlers = new Map<string, Handler>()
  const appends = drawAppends(random, partitions, end, handlers)
  const refusedFrom = random.between(0, end)
  return {
    start,
    policy: {
      order: random.pick(['key', 'key', 'partition', 'none']),
      parallel: random.between(1, 5),
      attempts: random.between(1, 4),
      backoff: { first: random.between(4, 40), most: random.between(40, 200) },
      afterDeadLetter: random.chance(0.1) ? 'stop' : 'continue',
    },
    limits: {
      window: random.between(3, 20),
      parked: random.between(1, 6),
      characters: random.chance(0.2) ? random.between(5, 60) : 10_000,
      batch: random.between(1, 6),
      progress: { events: random.between(1, 6), milliseconds: random.between(0, 40) },
      rewrite: { first: 5, most: 40 },
    },
    partitions,
    appends,
    handlers,
    members: random.between(1, 3),
    end,
    crashes: times(3),
    rebalances: times(4),
    pauses: times(1),
    refusal: random.chance(0.15) ? { from: refusedFrom, to: refusedFrom + random.between(10, 150) } : undefined,
    thrift: random.pick([0, 0, 0, 0.5]),
    ages: random.chance(0.3) ? random.between(0, end) : undefined,
    trouble: isCalm ? 0 : random.pick([0, 0.1, 0.3]),
  }
}

/** `time` in milliseconds of simulated time. */
export function isTooOld({ ages, start }: Plan, { offset }: LogRecord, time: number): boolean {
  return ages !== undefined && offset % 2 === 1 && time >= start + ages
}

function drawAppends(random: Random, partitions: number, end: number, handlers: Map<string, Handler>): Append[] {
  const keys = random.between(1, 5)
  const poison = random.pick([0.05, 0.15, 0.6])
  const ends = new Array<number>(partitions).fill(0)
  const sent: Append[] = []
  const backlog = random.chance(0.5)
  let at = 0
  for (let count = random.between(4, 36); count > 0; count--) {
    const again = sent.length > 0 && random.chance(0.08) ? sent[random.between(0, sent.length - 1)] : undefined
    const key = again?.record.key ?? `k${random.between(1, keys)}`
    const partition = Number(key.slice(1)) % partitions
    const id = again?.id ?? `e${sent.length}`
    const gap = random.chance(0.15) ? random.pick([1, 2, 3, 40]) : 0
    const offset = (ends[partition] ?? 0) + gap
    ends[partition] = offset + 1
    if (!backlog) at = Math.min(end, at + random.between(0, 60))
    const value = `${id} ${'x'.repeat(random.between(0, 9))}`
    sent.push({ at, partition, id, record: { offset, key, headers: { 'ce-id': id }, value } })
    if (!again) handlers.set(id, drawHandler(random, poison))
  }
  return sent
}

function drawHandler(random: Random, poison: number): Handler {
  const retried = random.pick([500, 503, 429, 404, 408, 409, 425])
  const latency = random.chance(0.1) ? random.between(40, DEADLINE - 2) : random.between(1, 20)
  const retryAfter = random.chance(0.3) ? random.between(1, 150) : undefined
  const handler = (kind: Handler['kind'], status: number): Handler => ({
    kind,
    status,
    times: random.between(1, 3),
    retryAfter,
    latency,
  })
  if (!random.chance(poison)) return handler('ok', 204)
  const kind = random.pick<Handler['kind']>([
    'flaky',
    'flaky',
    'flaky',
    'poison',
    'broken',
    'hang',
    'late',
    'cut',
    'deadly',
  ])
  return handler(kind, kind === 'poison' ? random.pick([400, 422, 302, 413, 410]) : retried)
}
