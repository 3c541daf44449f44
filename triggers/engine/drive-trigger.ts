import { setTimeout as wait } from 'node:timers/promises'
import { withinLog } from '../../runtime/beginning.ts'
import type { PositionName } from '../../runtime/ledger.ts'
import type { Assignment, LogRecord, Topics } from '../../runtime/topics.ts'
import { LIMITS } from './core/limits.ts'
import type { Partition } from './core/partition.ts'
import { createPartition } from './core/partition.ts'
import type { Outcome } from './core/policy.ts'
import { policyOf } from './core/policy.ts'
import { createSlots } from './core/slots.ts'
import type { Surroundings } from './partition-io.ts'
import { partitionIo } from './partition-io.ts'
import type { NamedTrigger } from './trigger.ts'
import { attribute } from './wire.ts'

export interface DriveOptions extends Surroundings {
  readonly topics: Topics
}

export interface DriveStatus {
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

/** One trigger's deliveries in this engine. */
export interface Drive {
  readonly name: string
  readonly topic: string
  assigned(assignment: Assignment): void
  revoked(partition: number): void
  /** Tries again what refused the engine. */
  resume(): void
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
export function driveTrigger(trigger: NamedTrigger, options: DriveOptions): Drive {
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
          const io = partitionIo(
            {
              trigger,
              at,
              epoch: claimed.epoch,
              policy,
              assignment: one.assignment,
              signal: one.ended.signal,
              tick: () => one.partition?.tick(),
              refused,
              fenced,
            },
            options,
          )
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
      // By chance, so that two owners that fence each other do not go on doing so.
      const again = TRY_AGAIN * (0.5 + Math.random())
      await wait(again, undefined, { signal: one.ended.signal }).catch(() => undefined)
    }
  }
  function letGo(one: Held): void {
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
    resume() {
      stopped = null
      for (const { partition } of held.values()) partition?.resume()
    },
    status() {
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

function sum<item>(items: readonly item[], value: (item: item) => number | undefined): number {
  return items.reduce((total, item) => total + (value(item) ?? 0), 0)
}
