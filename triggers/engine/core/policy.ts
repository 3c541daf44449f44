import type { TriggerDefinition } from '../../../runtime/define.ts'

/** How a trigger delivers. */
export interface Policy {
  readonly order: 'key' | 'partition' | 'none'
  readonly parallel: number
  readonly attempts: number
  /** Milliseconds. */
  readonly backoff: { readonly first: number; readonly most: number }
  readonly afterDeadLetter: 'continue' | 'stop'
}

/** Deliveries in flight at most, where a trigger says nothing of it. */
export const PARALLEL = 8

/** A trigger's policy, with what it leaves unsaid. */
export function policyOf(trigger: TriggerDefinition): Policy {
  return {
    order: trigger.order ?? 'key',
    parallel: (trigger.parallel ?? PARALLEL) * (trigger.batch?.most ?? 1),
    attempts: trigger.attempts ?? 10,
    backoff: trigger.backoff ?? { first: 1000, most: 300_000 },
    afterDeadLetter: trigger.afterDeadLetter ?? 'continue',
  }
}

/** How an attempt ended. */
export interface Outcome {
  /** The HTTP status; `null` where no answer came (refused, reset, timed out). */
  readonly status: number | null
  /** A stable word: `timeout`, `unreachable`, or the answer's own problem code. */
  readonly code: string
  readonly message: string
  /** Milliseconds that the target asked to be left alone. */
  readonly retryAfter?: number
  /** Of the function that answered. */
  readonly version?: string
}

/** What an event that is of no use any more is given up for. */
export const TOO_OLD: Outcome = { status: null, code: 'too_old', message: 'it is older than the trigger delivers' }

/** What follows from an outcome: 401 and 403 speak of the engine's identity, not of the event, and stop the trigger. */
export type Verdict = 'done' | 'retry' | 'dead' | 'refused'

const RETRIED = new Set([404, 408, 409, 425, 429])

/** Judges an outcome by its status alone. */
export function judge({ status }: Outcome): Verdict {
  if (status === null || status < 200 || status >= 500 || RETRIED.has(status)) return 'retry'
  if (status < 300) return 'done'
  if (status === 401 || status === 403) return 'refused'
  return 'dead'
}

/** A target that asks for more than an hour is asked again after one. */
const LONGEST_RETRY_AFTER = 3_600_000

/** Milliseconds to wait after so many attempts: doubling, half of it by chance (`random` in [0, 1)), and no less than the target asked for. */
export function backoff(policy: Policy, attempts: number, outcome: Outcome, random: number): number {
  const whole = Math.min(policy.backoff.most, policy.backoff.first * 2 ** (attempts - 1))
  return Math.max((whole * (1 + random)) / 2, Math.min(outcome.retryAfter ?? 0, LONGEST_RETRY_AFTER))
}
