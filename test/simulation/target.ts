import type { LogRecord } from '../../runtime/topics.ts'
import type { Outcome } from '../../triggers/engine/core/policy.ts'
import type { SimulatedClock } from './clock.ts'
import type { Plan } from './plan.ts'
import { DEADLINE } from './plan.ts'
import type { Random } from './random.ts'

/** An effect that happened, by way of this record. */
export interface Effect {
  readonly id: string
  readonly partition: number
  readonly offset: number
}

/** The function behind the trigger, with an inbox: an event's effect happens once, however often it is delivered. */
export interface Target {
  readonly effects: readonly Effect[]
  has(id: string): boolean
  /** Calls back once, at the deadline at the latest. `crash` ends the process that asked. */
  deliver(
    sent: { readonly partition: number; readonly record: LogRecord; crash(): void },
    answer: (outcome: Outcome) => void,
  ): void
}

/** A target that behaves as planned. */
export function createTarget(plan: Plan, clock: SimulatedClock, random: Random): Target {
  const effects: Effect[] = []
  const known = new Set<string>()
  const deliveries = new Map<string, number>()
  const started = clock.now
  const isRefusing = () => {
    const time = clock.now - started
    return plan.refusal !== undefined && time >= plan.refusal.from && time < plan.refusal.to
  }

  return {
    effects,
    has: (id) => known.has(id),
    deliver({ partition, record, crash }, answer) {
      const [id = ''] = record.value.split(' ')
      const handler = plan.handlers.get(id)
      if (!handler) throw new Error(`the target got an unknown event: ${record.value}`)
      const say = (after: number, status: number | null, code: string, retryAfter?: number) =>
        clock.after(after, () =>
          answer({ status, code, message: `about ${id}`, ...(retryAfter === undefined ? {} : { retryAfter }) }),
        )
      const effect = (after: number) =>
        clock.after(after, () => {
          if (known.has(id)) return
          known.add(id)
          effects.push({ id, partition, offset: record.offset })
        })
      const { kind, status, times, latency, retryAfter } = handler
      if (isRefusing()) return say(latency, random.pick([401, 403]), 'unauthenticated')
      if (known.has(id)) return say(1, 204, '')
      const count = (deliveries.get(id) ?? 0) + 1
      deliveries.set(id, count)
      if (kind === 'poison' || kind === 'broken') return say(latency, status, kind, retryAfter)
      if (kind === 'ok' || count > times) {
        effect(latency)
        return say(latency, 204, '')
      }
      if (kind === 'flaky') return say(latency, status, kind, retryAfter)
      if (kind === 'cut') {
        effect(latency)
        return say(latency, null, 'unreachable')
      }
      if (kind === 'late') effect(DEADLINE + latency * 4)
      if (kind === 'deadly') {
        if (random.chance(0.5)) effect(latency)
        clock.after(latency, crash)
      }
      say(DEADLINE, null, 'timeout')
    },
  }
}
