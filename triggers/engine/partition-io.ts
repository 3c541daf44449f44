import { setTimeout as wait } from 'node:timers/promises'
import type { Ledger, PositionName } from '../../runtime/ledger.ts'
import type { FlowStep } from '../../runtime/records.ts'
import type { Assignment, LogRecord } from '../../runtime/topics.ts'
import type { Io } from './core/io.ts'
import type { Outcome, Policy } from './core/policy.ts'
import { judge } from './core/policy.ts'
import type { Answer } from './deliver.ts'
import type { StepLog } from './step-log.ts'
import type { EngineLog, NamedTrigger } from './trigger.ts'
import { attribute } from './wire.ts'

/** What deliveries need of the engine. */
export interface Surroundings {
  readonly ledger: Ledger
  readonly steps: StepLog
  readonly log: EngineLog
  /** One attempt at one event; always answers. */
  deliver(trigger: NamedTrigger, record: LogRecord): Promise<Answer>
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
  refused(outcome: Outcome): void
  fenced(): void
}

/** A delivery that takes longer is shown as running meanwhile. */
const SHOWN_AFTER = 300
const READ_AGAIN = 1000
const LONGEST_TIMER = 2 ** 31 - 1

/** The core's surroundings: the clock, the log, the ledger and the functions. */
export function partitionIo(options: PartitionIoOptions, { ledger, steps, log, deliver }: Surroundings): Io {
  const { trigger, at, epoch, policy, assignment, signal } = options
  let timer: NodeJS.Timeout | undefined

  return {
    // A clock that does not jump.
    now: () => performance.timeOrigin + performance.now(),
    random: Math.random,
    deliver({ record, attempt }, answer) {
      const step = stepOf(trigger, record, attempt)
      const shown = setTimeout(() => steps.add({ ...step, state: 'running' }), SHOWN_AFTER)
      const begun = performance.now()
      deliver(trigger, record)
        .catch(undelivered)
        .then(({ outcome, process, coldStartMs }) => {
          clearTimeout(shown)
          const ms = Math.round(performance.now() - begun)
          steps.add({ ...step, ...became(outcome, attempt, policy), ms, process, coldStartMs })
          answer(outcome)
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
      const left = time - (performance.timeOrigin + performance.now())
      timer = setTimeout(options.tick, Math.min(LONGEST_TIMER, Math.max(0, left)))
    },
    refused: options.refused,
    fenced: options.fenced,
  }
}

/** Nothing was sent: the engine itself could not. */
function undelivered(error: unknown): Answer {
  const message = error instanceof Error ? error.message : String(error)
  return { outcome: { status: null, code: 'undelivered', message }, process: undefined, coldStartMs: undefined }
}

function stepOf({ name, definition }: NamedTrigger, record: LogRecord, attempts: number): Omit<FlowStep, 'state'> {
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

function became(outcome: Outcome, attempt: number, policy: Policy): Pick<FlowStep, 'state' | 'waitingFor' | 'error'> {
  const verdict = judge(outcome)
  if (verdict === 'done') return { state: 'done' }
  const error = `${outcome.status ?? 'no answer'} ${outcome.code}: ${outcome.message}`
  if (verdict === 'refused') return { state: 'waiting', waitingFor: 'the trigger, which has stopped', error }
  if (verdict === 'dead' || attempt >= policy.attempts) return { state: 'dead', error }
  return { state: 'waiting', waitingFor: `attempt ${attempt + 1} of ${policy.attempts}`, error }
}
