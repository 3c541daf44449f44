import { setTimeout as wait } from 'node:timers/promises'
import type { DeadLetters, StoredDeadLetter } from '../../runtime/dead-letters.ts'
import type { LogRecord } from '../../runtime/topics.ts'
import { backoff, judge, policyOf } from './core/policy.ts'
import type { Answer } from './deliver.ts'
import { undelivered } from './deliver.ts'
import { said, stepOf } from './partition-io.ts'
import type { StepLog } from './step-log.ts'
import type { EngineLog, NamedTrigger } from './trigger.ts'

export interface RedriveOptions {
  readonly deadLetters: DeadLetters
  readonly steps: StepLog
  readonly log: EngineLog
  triggers(): readonly NamedTrigger[]
  deliver(trigger: NamedTrigger, record: LogRecord): Promise<Answer>
}

const PARALLEL = 8
/** Milliseconds before what refuses the engine, or has no trigger now, is tried again. */
const HELD = 30_000

/**
 * Delivers again the dead letters that people asked for, outside the order promise, until the signal ends; the id stays
 * the same, so what took effect before does not again. Each redrive has as many attempts as the trigger's policy says.
 * Rejects when the store fails.
 */
export async function runRedrives(
  { deadLetters, steps, log, triggers, deliver }: RedriveOptions,
  signal: AbortSignal,
): Promise<void> {
  const underWay = new Map<string, Promise<void>>()
  /** Attempts of the redrive that is under way: one that an engine's end cut begins anew. */
  const attempts = new Map<string, number>()

  await deadLetters.alone(async (ended) => {
    while (!ended.aborted) {
      const rung = deadLetters.rung(ended)
      const free = PARALLEL - underWay.size
      const due = free > 0 ? await deadLetters.due(free, [...underWay.keys()]) : []
      for (const letter of due) begin(letter)
      const next = await deadLetters.nextDue([...underWay.keys()])
      const look = new AbortController()
      const comes = next === null || underWay.size === PARALLEL ? [] : [wait(next, undefined, { signal: look.signal })]
      await Promise.race([rung, ...underWay.values(), ...comes.map((one) => one.catch(() => undefined))])
      look.abort()
    }
    await Promise.all(underWay.values())
  }, signal)

  function begin(letter: StoredDeadLetter): void {
    const done = redrive(letter)
      .catch((error: unknown) =>
        log('warn', `what became of the redrive of ${letter.id} was not stored; it is repeated`, error),
      )
      .finally(() => underWay.delete(letter.id))
    underWay.set(letter.id, done)
  }

  async function redrive({ id, trigger: name, record, attempts: before, error }: StoredDeadLetter): Promise<void> {
    const trigger = triggers().find((one) => one.name === name)
    if (!trigger) return deadLetters.failed(id, { attempts: before, error, redriveAt: new Date(Date.now() + HELD) })
    const step = stepOf(trigger, record, before + 1)
    const begun = performance.now()
    steps.add({ ...step, state: 'running' })
    const { outcome, process, coldStartMs } = await deliver(trigger, record).catch(undelivered)
    const served = { ms: Math.round(performance.now() - begun), process, coldStartMs }
    const verdict = judge(outcome)
    const policy = policyOf(trigger.definition)
    const tried = (attempts.get(id) ?? 0) + 1
    if (verdict === 'done') {
      // First, so that a crash between leaves no step that runs for good; the redrive is repeated then, without an effect.
      steps.add({ ...step, ...served, state: 'done' })
      await steps.flush()
      await deadLetters.done(id)
      attempts.delete(id)
    } else if (verdict === 'refused') {
      await deadLetters.failed(id, { attempts: before, error, redriveAt: new Date(Date.now() + HELD) })
      steps.add({
        ...step,
        ...served,
        state: 'waiting',
        waitingFor: `${trigger.definition.deliver.to}, which refuses the engine`,
        error: said(outcome),
      })
    } else {
      const isLast = verdict === 'dead' || tried >= policy.attempts
      const { code, status, message, version } = outcome
      const redriveAt = isLast ? null : new Date(Date.now() + backoff(policy, tried, outcome, Math.random()))
      await deadLetters.failed(id, {
        attempts: before + 1,
        error: { code, status, message, ...(version ? { version } : {}) },
        redriveAt,
      })
      if (isLast) attempts.delete(id)
      else attempts.set(id, tried)
      const again = {
        state: 'waiting' as const,
        waitingFor: `attempt ${tried + 1} of ${policy.attempts} of its redrive`,
      }
      steps.add({ ...step, ...served, ...(isLast ? { state: 'dead' as const } : again), error: said(outcome) })
    }
  }
}
