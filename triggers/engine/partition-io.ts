import { setTimeout as wait } from 'node:timers/promises'
import type { Ledger, PositionName } from '../../runtime/ledger.ts'
import type { FlowStep } from '../../runtime/records.ts'
import type { Assignment, LogRecord } from '../../runtime/topics.ts'
import type { Io } from './core/io.ts'
import type { Outcome, Policy } from './core/policy.ts'
import { judge, TOO_OLD } from './core/policy.ts'
import type { Answer } from './deliver.ts'
import { undelivered } from './deliver.ts'
import type { StepLog } from './step-log.ts'
import type { EngineLog, NamedTrigger } from './trigger.ts'
import { attribute } from './wire.ts'

/** What deliveries need of the engine. */
export interface Surroundings {
  readonly ledger: Ledger
  readonly steps: StepLog
  readonly log: EngineLog
  /** Whether people have cancelled what the event belongs to. */
  isCancelled(record: LogRecord): boolean
}

export interface PartitionIoOptions {
  readonly trigger: NamedTrigger
  readonly at: PositionName
  readonly epoch: number
  readonly policy: Policy
  readonly assignment: Assignment
  /** Ends with the assignment. */
  readonly signal: AbortSignal
  tick(): void
  /** One attempt at one event. */
  send(record: LogRecord): Promise<Answer>
  handled(): void
  mayBury(): boolean
  stopped(reason: string): void
  refused(outcome: Outcome): void
  fenced(): void
}

/** The event counts as handled: it is not delivered, and its place in the order is free. */
const CANCELLED: Outcome = { status: 204, code: 'cancelled', message: '' }
/** A delivery that takes longer is shown as running meanwhile. */
const SHOWN_AFTER = 300
const READ_AGAIN = 1000
const LONGEST_TIMER = 2 ** 31 - 1

/** The core's surroundings: the clock, the log, the ledger and the functions. */
export function partitionIo(options: PartitionIoOptions, { ledger, steps, log, isCancelled }: Surroundings): Io {
  const { trigger, at, epoch, policy, assignment, signal } = options
  const { maxAge, on } = trigger.definition
  /** What comes again and again is no flow run while all goes well. */
  const isTime = 'cron' in on
  /** What was answered badly enough, and was not buried because the trigger stopped. */
  let withheld: LogRecord | undefined
  let timer: NodeJS.Timeout | undefined

  return {
    now: steadyNow,
    random: Math.random,
    deliver({ record, attempt }, answer) {
      const step = stepOf(trigger, record, attempt)
      if (isCancelled(record)) {
        steps.add({ ...step, state: 'cancelled' })
        // No answer comes before this call has returned.
        queueMicrotask(() => answer(CANCELLED))
        return
      }
      const shown = isTime ? undefined : setTimeout(() => steps.add({ ...step, state: 'running' }), SHOWN_AFTER)
      const begun = performance.now()
      options
        .send(record)
        .catch(undelivered)
        .then(({ outcome, process, coldStartMs }) => {
          clearTimeout(shown)
          const ms = Math.round(performance.now() - begun)
          if (judge(outcome) === 'done') options.handled()
          withheld = undefined
          // What it writes takes the steps that are added until this turn ends.
          answer(outcome)
          const what = withheld === record ? waitsForTrigger(outcome) : became(outcome, attempt, policy)
          if (!isTime || what.state !== 'done') steps.add({ ...step, ...what, ms, process, coldStartMs })
        })
    },
    write(changes, answer) {
      steps
        .flush()
        .then(() => ledger.write(at, epoch, changes))
        .then(
          (stored) => answer(stored ? 'stored' : 'fenced'),
          (error: unknown) => {
            log(
              'warn',
              `the position of ${at.trigger} on ${at.topic}/${at.partition} was not stored; it is tried again`,
              error,
            )
            answer('unknown')
          },
        )
      assignment.mirror(changes.position)
    },
    read(from, most, answer) {
      const read = async (): Promise<readonly LogRecord[]> => {
        while (!signal.aborted) {
          try {
            return await assignment.read(from, { most, signal })
          } catch (error) {
            log('warn', `${at.topic}/${at.partition} could not be read; it is tried again`, error)
            await wait(READ_AGAIN, undefined, { signal }).catch(() => undefined)
          }
        }
        return []
      }
      void read().then(answer)
    },
    wake(time) {
      clearTimeout(timer)
      const left = time - steadyNow()
      timer = setTimeout(options.tick, Math.min(LONGEST_TIMER, Math.max(0, left)))
    },
    mayBury(record) {
      const isAllowed = options.mayBury()
      if (!isAllowed) withheld = record
      return isAllowed
    },
    isTooOld(record) {
      const age = steadyNow() - Date.parse(attribute(record, 'time'))
      if (maxAge === undefined || !(age > maxAge * 1000)) return false
      steps.add({ ...stepOf(trigger, record, 0), state: 'dead', error: `${TOO_OLD.code}: ${TOO_OLD.message}` })
      return true
    },
    stopped: options.stopped,
    refused: options.refused,
    fenced: options.fenced,
  }
}

/** A step of a flow run: one delivery of an event. */
export function stepOf(
  { name, definition }: NamedTrigger,
  record: LogRecord,
  attempts: number,
): Omit<FlowStep, 'state'> {
  return {
    correlationid: attribute(record, 'correlationid') || attribute(record, 'id'),
    source: attribute(record, 'source'),
    event: attribute(record, 'id'),
    type: attribute(record, 'type'),
    subject: attribute(record, 'subject'),
    step: name,
    function: definition.deliver.to,
    at: new Date(),
    attempts,
  }
}

/** Milliseconds since 1970, by a clock that does not jump. */
function steadyNow(): number {
  return performance.timeOrigin + performance.now()
}

type Became = Pick<FlowStep, 'state' | 'waitingFor' | 'error'>

function became(outcome: Outcome, attempt: number, policy: Policy): Became {
  const verdict = judge(outcome)
  if (verdict === 'done') return { state: 'done' }
  if (verdict === 'refused') return waitsForTrigger(outcome)
  const error = said(outcome)
  if (verdict === 'dead' || attempt >= policy.attempts) return { state: 'dead', error }
  return { state: 'waiting', waitingFor: `attempt ${attempt + 1} of ${policy.attempts}`, error }
}

function waitsForTrigger(outcome: Outcome): Became {
  return { state: 'waiting', waitingFor: 'the trigger, which has stopped', error: said(outcome) }
}

/** An outcome as a line for people. */
export function said({ status, code, message }: Outcome): string {
  return `${status ?? 'no answer'} ${code}: ${message}`
}
