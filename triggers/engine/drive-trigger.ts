import { setTimeout as wait } from 'node:timers/promises'
import { withinLog } from '../../runtime/beginning.ts'
import type { PositionName } from '../../runtime/ledger.ts'
import type { Assignment, LogRecord, Topics } from '../../runtime/topics.ts'
import type { TriggerState, TriggerStates } from '../../runtime/trigger-states.ts'
import { createBatcher } from './batcher.ts'
import { BUDGET, createBudget } from './core/budget.ts'
import { LIMITS } from './core/limits.ts'
import type { Partition } from './core/partition.ts'
import { createPartition } from './core/partition.ts'
import type { Outcome } from './core/policy.ts'
import { PARALLEL, policyOf } from './core/policy.ts'
import { createSlots } from './core/slots.ts'
import type { Answer } from './deliver.ts'
import type { Surroundings } from './partition-io.ts'
import { partitionIo } from './partition-io.ts'
import type { NamedTrigger } from './trigger.ts'
import { eventOf, isMeantFor } from './trigger.ts'

export interface DriveOptions extends Surroundings {
  readonly topics: Topics
  readonly states: TriggerStates
  /** One attempt at one event; always answers. */
  deliver(trigger: NamedTrigger, record: LogRecord): Promise<Answer>
  /** One attempt at several; answers for each, in their order. */
  deliverBatch(trigger: NamedTrigger, records: readonly LogRecord[]): Promise<readonly Answer[]>
}

export interface DriveStatus {
  readonly name: string
  readonly inFlight: number
  readonly parked: number
  readonly runnable: number
  readonly nextDue: number | null
  readonly moves: number
  /** Where each of its partitions here stands. */
  readonly positions: readonly {
    readonly topic: string
    readonly partition: number
    readonly position: number
    readonly held: number
    readonly next: number
  }[]
  /** Why it delivers nothing now. */
  readonly stop: Stop | null
}

/** What holds a trigger: people have paused it, or it has stopped by itself. */
export interface Stop {
  readonly state: 'paused' | 'stopped'
  readonly reason: string
}

/** One trigger's deliveries in this engine. */
export interface Drive {
  readonly name: string
  readonly topic: string
  assigned(assignment: Assignment): void
  revoked(partition: number): void
  /** Tries again what refused the engine. */
  retry(): void
  /** What the store says of the trigger. */
  told(state: TriggerState | undefined): void
  status(): DriveStatus
  /** Lets what is in flight end and be stored. */
  close(): Promise<void>
}

interface Held {
  readonly assignment: Assignment
  readonly ended: AbortController
  partition?: Partition
}

const TRY_AGAIN = 1000

/** One trigger, on as many partitions as are assigned here. */
export function driveTrigger(trigger: NamedTrigger, options: DriveOptions, state?: TriggerState): Drive {
  const { definition, name } = trigger
  const { topic } = eventOf(trigger)
  const policy = policyOf(definition)
  const slots = createSlots(policy.parallel)
  const budget = createBudget(definition.budget ?? BUDGET, () => performance.now())
  const send = sender()
  const held = new Map<number, Held>()
  let number = state?.number ?? 0
  let stop = stopOf(state)
  let isRefused = false
  /** Moves of partitions that are no longer held. */
  let gone = 0

  function sender(): (record: LogRecord) => Promise<Answer> {
    const { batch, parallel } = definition
    if (!batch) return (record) => options.deliver(trigger, record)
    const { most } = batch
    return createBatcher({ most, parallel: parallel ?? PARALLEL, send: (some) => options.deliverBatch(trigger, some) })
  }
  function halt(reason: string): void {
    stop = { state: 'stopped', reason }
    options.log('error', `trigger ${name} stops: ${reason}`)
    for (const { partition } of held.values()) partition?.pause(reason)
  }
  function go(): void {
    stop = null
    isRefused = false
    budget.reset()
    // The first that goes on may be the one that stops all again.
    for (const { partition } of held.values()) if (!stop) partition?.resume()
  }
  function refused({ status, code, message }: Outcome): void {
    isRefused = true
    halt(`${definition.deliver.to} refuses the engine (${status} ${code}: ${message})`)
  }
  function mayBury(): boolean {
    if (budget.mayBury()) return true
    if (!stop) {
      const reason = `too many of its events cannot be handled by ${definition.deliver.to}: see its dead letters`
      halt(reason)
      void keep(reason)
    }
    return false
  }
  /** It stays stopped also when this engine ends; until that is stored it is stopped here alone. */
  async function keep(reason: string): Promise<void> {
    while (stop?.reason === reason) {
      try {
        return await options.states.set(name, 'stopped', reason)
      } catch (error) {
        options.log('warn', `that trigger ${name} has stopped was not stored; it is tried again`, error)
        await wait(TRY_AGAIN)
      }
    }
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
          const io = partitionIo(
            {
              trigger,
              at,
              epoch: claimed.epoch,
              policy,
              assignment: one.assignment,
              signal: one.ended.signal,
              tick: () => one.partition?.tick(),
              send,
              handled: budget.handled,
              mayBury,
              stopped: halt,
              refused,
              fenced,
            },
            options,
          )
          one.partition = createPartition({
            policy,
            limits: LIMITS,
            slots,
            claimed: { ...claimed, ...withinLog(claimed, high) },
            io,
            isMeant: (record) => isMeantFor(trigger, record),
            paused: stop?.reason,
          })
          one.ended.signal.addEventListener('abort', () => fenced(), { once: true })
        })
      } catch (error) {
        options.log('warn', `trigger ${name} cannot take up ${topic}/${at.partition}`, error)
      }
      // By chance, so that two owners that fence each other do not go on doing so.
      const again = TRY_AGAIN * (0.5 + Math.random())
      await wait(again, undefined, { signal: one.ended.signal }).catch(() => undefined)
    }
  }
  function letGo(one: Held): void {
    gone += 1 + (one.partition?.status().moves ?? 0)
    one.ended.abort()
    one.partition?.abandon()
  }

  return {
    name,
    topic,
    assigned(assignment) {
      const before = held.get(assignment.partition)
      if (before) letGo(before)
      const one: Held = { assignment, ended: new AbortController() }
      held.set(assignment.partition, one)
      void hold(one)
    },
    revoked(partition) {
      const one = held.get(partition)
      held.delete(partition)
      if (one) letGo(one)
    },
    retry() {
      if (isRefused) go()
    },
    told(state) {
      if (!state || state.number === number) return
      number = state.number
      const now = stopOf(state)
      if (!now) go()
      else if (now.state === 'stopped' && stop?.reason === now.reason) return
      else {
        stop = now
        // What people hold is not for a retry to let go.
        isRefused = false
        for (const { partition } of held.values()) partition?.pause(now.reason)
      }
    },
    status() {
      const states = [...held].map(([partition, one]) => ({ partition, ...one.partition?.status() }))
      return {
        name,
        stop,
        inFlight: sum(states, ({ inFlight }) => inFlight),
        parked: sum(states, ({ parked }) => parked),
        runnable: sum(states, ({ runnable }) => runnable),
        nextDue: states.reduce<number | null>((first, { nextDue }) => earlier(first, nextDue ?? null), null),
        // What another took over began to count anew.
        moves: gone + sum(states, ({ moves }) => moves),
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

function stopOf(state: TriggerState | undefined): Stop | null {
  if (!state || state.state === 'running') return null
  return { state: state.state, reason: state.reason ?? state.state }
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}

function sum<item>(items: readonly item[], value: (item: item) => number | undefined): number {
  return items.reduce((total, item) => total + (value(item) ?? 0), 0)
}
