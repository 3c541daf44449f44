import { setTimeout as wait } from 'node:timers/promises'
import { withinLog } from '../../runtime/beginning.ts'
import type { Ledger, PositionName } from '../../runtime/ledger.ts'
import type { FlowStep } from '../../runtime/records.ts'
import type { Assignment, LogRecord, Membership, Topics } from '../../runtime/topics.ts'
import type { Io } from './core/io.ts'
import { LIMITS } from './core/limits.ts'
import type { Partition } from './core/partition.ts'
import { createPartition } from './core/partition.ts'
import type { Outcome, Policy } from './core/policy.ts'
import { judge, policyOf } from './core/policy.ts'
import { createSlots } from './core/slots.ts'
import type { Answer } from './deliver.ts'
import type { StepLog } from './step-log.ts'
import type { EngineLog, NamedTrigger } from './trigger.ts'
import { attribute } from './wire.ts'

export interface DispatchOptions {
  readonly triggers: readonly NamedTrigger[]
  readonly topics: Topics
  readonly ledger: Ledger
  readonly steps: StepLog
  readonly log: EngineLog
  /** One attempt at one event; always answers. */
  deliver(trigger: NamedTrigger, record: LogRecord): Promise<Answer>
}

export interface DispatchStatus {
  readonly name: string
  readonly inFlight: number
  readonly parked: number
  /** Where each of its partitions here stands. */
  readonly positions: readonly {
    readonly topic: string
    readonly partition: number
    readonly position: number
    readonly held: number
    readonly next: number
  }[]
  /** Why it delivers nothing now. */
  readonly stopped: string | null
}

export interface Dispatch {
  status(): readonly DispatchStatus[]
  /** Tries again what refused the engine. */
  resume(trigger: string): void
  /** Lets what is in flight end and be stored. */
  close(): Promise<void>
}

/** A delivery that takes longer is shown as running meanwhile. */
const SHOWN_AFTER = 300
const TRY_AGAIN = 1000

/** Delivers the events of all triggers: takes part in reading their topics, and drives the core for each trigger and partition. */
export async function createDispatch(options: DispatchOptions): Promise<Dispatch> {
  const { triggers, topics, log } = options
  const running = triggers.map((trigger) => driveTrigger(trigger, options))
  const names = [...new Set(triggers.map(({ definition }) => definition.on.topic))]
  const membership: Membership = await topics.join('mezz', names, {
    assigned(assignment) {
      for (const one of running) if (one.topic === assignment.topic) one.assigned(assignment)
    },
    revoked(topic, partition) {
      for (const one of running) if (one.topic === topic) one.revoked(partition)
    },
    failed: (error) => log('warn', 'the log cannot be reached', error),
  })

  return {
    status: () => running.map((one) => one.status()),
    resume(name) {
      for (const one of running) if (one.name === name) one.resume()
    },
    async close() {
      await Promise.all(running.map((one) => one.close()))
      await membership.leave()
    },
  }
}

interface Held {
  readonly assignment: Assignment
  readonly ended: AbortController
  partition?: Partition
}

/** One trigger, on as many partitions as are assigned here. */
function driveTrigger(trigger: NamedTrigger, options: DispatchOptions) {
  const { definition, name } = trigger
  const { topic } = definition.on
  const policy = policyOf(definition)
  const slots = createSlots(policy.parallel)
  const held = new Map<number, Held>()
  let stopped: string | null = null

  function refused(outcome: Outcome): void {
    stopped = `${definition.deliver.to} refuses the engine (${outcome.status} ${outcome.code}: ${outcome.message})`
    options.log('error', `trigger ${name} stops: ${stopped}`)
    for (const { partition } of held.values()) partition?.pause(stopped)
  }

  async function hold(one: Held): Promise<void> {
    const at: PositionName = { trigger: name, topic, partition: one.assignment.partition }
    while (!one.ended.signal.aborted) {
      try {
        const bounds = await options.topics.bounds(topic, at.partition)
        const claimed = await options.ledger.claim(at, { startFrom: definition.startFrom ?? 'earliest', bounds })
        // Only now does no earlier owner go on, perhaps beyond the bounds that were read before.
        const { high } = await options.topics.bounds(topic, at.partition)
        if (one.ended.signal.aborted) return
        await new Promise<void>((fenced) => {
          const io = partitionIo({ trigger, at, epoch: claimed.epoch, policy, one, refused, fenced }, options)
          const isMeant = (record: LogRecord): boolean => attribute(record, 'type') === definition.on.type
          one.partition = createPartition({
            policy,
            limits: LIMITS,
            slots,
            claimed: { ...claimed, ...withinLog(claimed, high) },
            io,
            isMeant,
            paused: stopped ?? undefined,
          })
          one.ended.signal.addEventListener('abort', () => fenced(), { once: true })
        })
      } catch (error) {
        options.log('warn', `trigger ${name} cannot take up ${topic}/${at.partition}`, error)
      }
      await wait(TRY_AGAIN, undefined, { signal: one.ended.signal }).catch(() => undefined)
    }
  }
  function letGo(one: Held): void {
    one.ended.abort()
    one.partition?.abandon()
  }

  return {
    name,
    topic,
    assigned(assignment: Assignment) {
      const before = held.get(assignment.partition)
      if (before) letGo(before)
      const one: Held = { assignment, ended: new AbortController() }
      held.set(assignment.partition, one)
      void hold(one)
    },
    revoked(partition: number) {
      const one = held.get(partition)
      held.delete(partition)
      if (one) letGo(one)
    },
    resume() {
      stopped = null
      for (const { partition } of held.values()) partition?.resume()
    },
    status: (): DispatchStatus => {
      const states = [...held].map(([partition, one]) => ({ partition, ...one.partition?.status() }))
      return {
        name,
        stopped,
        inFlight: sum(states, ({ inFlight }) => inFlight),
        parked: sum(states, ({ parked }) => parked),
        positions: states.map(({ partition, position = 0, held = 0, next = 0 }) => ({
          topic,
          partition,
          position,
          held,
          next,
        })),
      }
    },
    async close() {
      await Promise.all(
        [...held.values()].map(async (one) => {
          await new Promise<void>((closed) => (one.partition ? one.partition.close(closed) : closed()))
          one.ended.abort()
        }),
      )
    },
  }
}

interface IoOptions {
  readonly trigger: NamedTrigger
  readonly at: PositionName
  readonly epoch: number
  readonly policy: Policy
  readonly one: Held
  refused(outcome: Outcome): void
  fenced(): void
}

/** The core's surroundings: the clock, the log, the ledger and the functions. */
function partitionIo({ trigger, at, epoch, policy, one, refused, fenced }: IoOptions, options: DispatchOptions): Io {
  const { signal } = one.ended
  let timer: NodeJS.Timeout | undefined

  return {
    now: Date.now,
    random: Math.random,
    deliver({ record, attempt }, answer) {
      const step = stepOf(trigger, record, attempt)
      const shown = setTimeout(() => options.steps.add({ ...step, state: 'running' }), SHOWN_AFTER)
      const begun = performance.now()
      options.deliver(trigger, record).then(({ outcome, process, coldStartMs }) => {
        clearTimeout(shown)
        const ms = Math.round(performance.now() - begun)
        options.steps.add({ ...step, ...became(outcome, attempt, policy), ms, process, coldStartMs })
        answer(outcome)
      })
    },
    write(changes, answer) {
      options.steps
        .flush()
        .then(() => options.ledger.write(at, epoch, changes))
        .then(
          (stored) => answer(stored ? 'stored' : 'fenced'),
          (error: unknown) => {
            options.log(
              'warn',
              `the position of ${at.trigger} on ${at.topic}/${at.partition} was not stored; it is tried again`,
              error,
            )
            answer('unknown')
          },
        )
      one.assignment.mirror(changes.position)
    },
    read(from, most, answer) {
      const read = async (): Promise<readonly LogRecord[]> => {
        while (!signal.aborted) {
          try {
            return await one.assignment.read(from, { most, signal })
          } catch (error) {
            options.log('warn', `${at.topic}/${at.partition} could not be read; it is tried again`, error)
            await wait(TRY_AGAIN, undefined, { signal }).catch(() => undefined)
          }
        }
        return []
      }
      void read().then(answer)
    },
    wake(time) {
      clearTimeout(timer)
      timer = setTimeout(() => one.partition?.tick(), Math.max(0, time - Date.now()))
    },
    refused,
    fenced,
  }
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

function sum<item>(items: readonly item[], value: (item: item) => number | undefined): number {
  return items.reduce((total, item) => total + (value(item) ?? 0), 0)
}
