import { setTimeout as wait } from 'node:timers/promises'
import { partitionOf } from '../../runtime/partitioner.ts'
import type { Assignment, LogRecord, MemberListener, Topics } from '../../runtime/topics.ts'
import type { Random } from '../simulation/random.ts'

/** A log in memory that does everything its contract allows, and fails besides, until it is calmed. */
export interface HostileLog {
  /** The log as one more engine sees it. */
  open(): Topics
  /** Takes partitions from some members and gives them to others, some before they are taken. */
  rebalance(): void
  /** From now on it answers at once and fails no more. */
  calm(): void
  /** The offsets that the next records get. */
  highs(): readonly number[]
  /** What it did to its readers and writers. */
  readonly done: Readonly<Record<'failedReads' | 'shortReads' | 'repeatedReads' | 'repeatedAppends' | 'moves', number>>
}

interface Member {
  topics: readonly string[]
  readonly listener: MemberListener
}

/** Milliseconds. */
const SLOWEST = 15
const ZOMBIE = 200

/** Every topic has so many partitions; chance alone decides what goes wrong. */
export function hostileLog(random: Random, partitions: number): HostileLog {
  const logs = new Map<string, LogRecord[][]>()
  const members: Member[] = []
  const owners = new Map<string, Member>()
  const done = { failedReads: 0, shortReads: 0, repeatedReads: 0, repeatedAppends: 0, moves: 0 }
  const waiting = new Set<() => void>()
  let isHostile = true
  const chance = (probability: number): boolean => isHostile && random.chance(probability)
  const slow = (): Promise<void> => wait(isHostile ? random.between(0, SLOWEST) : 0)
  const wakeAll = (): void => {
    for (const wake of [...waiting]) wake()
  }

  function logOf(topic: string, partition: number): LogRecord[] {
    const log = logs.get(topic)?.[partition]
    if (!log) throw new Error(`there is no ${topic}/${partition}`)
    return log
  }
  function highOf(topic: string, partition: number): number {
    return (logOf(topic, partition).at(-1)?.offset ?? -1) + 1
  }
  function put(topic: string, record: Omit<LogRecord, 'offset'>): void {
    const partition = partitionOf(record.key, partitions)
    const gap = chance(0.1) ? random.between(1, 5) : 0
    logOf(topic, partition).push({ ...record, offset: highOf(topic, partition) + gap })
  }
  async function read(topic: string, partition: number, from: number, most: number): Promise<LogRecord[]> {
    await slow()
    if (chance(0.06)) {
      done.failedReads++
      throw new Error('the log does not answer')
    }
    const log = logOf(topic, partition)
    const at = log.findIndex(({ offset }) => offset >= from)
    if (at < 0) return []
    const isRepeated = at > 0 && chance(0.1)
    const isShort = chance(0.3)
    if (isRepeated) done.repeatedReads++
    if (isShort) done.shortReads++
    return log.slice(isRepeated ? at - 1 : at, at + (isShort ? 1 : most))
  }
  function assignment(topic: string, partition: number): Assignment {
    return {
      topic,
      partition,
      async read(from, { most, signal }) {
        while (!signal.aborted) {
          const rung = Promise.withResolvers<void>()
          const ring = (): void => rung.resolve()
          waiting.add(ring)
          signal.addEventListener('abort', ring, { once: true })
          try {
            const records = await read(topic, partition, from, most)
            if (records.length > 0) return records
            await rung.promise
          } finally {
            waiting.delete(ring)
            signal.removeEventListener('abort', ring)
          }
        }
        return []
      },
      mirror: () => undefined,
    }
  }
  /** The new owner may hear of it before the old one. */
  function move(topic: string, partition: number): void {
    const place = `${topic}/${partition}`
    const before = owners.get(place)
    const readers = members.filter((one) => one.topics.includes(topic))
    const after = readers[random.between(0, readers.length - 1)]
    if (after) owners.set(place, after)
    else owners.delete(place)
    if (before) done.moves++
    if (before && (before === after || !members.includes(before))) before.listener.revoked(topic, partition)
    else if (before) {
      const late = (): void => {
        if (owners.get(place) !== before) before.listener.revoked(topic, partition)
      }
      setTimeout(late, random.between(0, ZOMBIE))
    }
    after?.listener.assigned(assignment(topic, partition))
  }

  return {
    done,
    open: () => ({
      async ensure(topics) {
        for (const { name } of topics)
          if (!logs.has(name))
            logs.set(
              name,
              Array.from({ length: partitions }, () => []),
            )
      },
      async append(topic, records) {
        await slow()
        const isCut = chance(0.25)
        for (const record of isCut ? records.slice(0, random.between(0, records.length)) : records) put(topic, record)
        wakeAll()
        if (!isCut) return
        done.repeatedAppends++
        throw new Error('the log does not say whether it has them')
      },
      trim: () => Promise.resolve(0),
      async join(_, topics, listener) {
        const member: Member = { topics, listener }
        members.push(member)
        for (const topic of topics) for (let at = 0; at < partitions; at++) move(topic, at)
        return {
          subscribe(names) {
            const others = [...new Set([...member.topics, ...names])].filter(
              (topic) => member.topics.includes(topic) !== names.includes(topic),
            )
            member.topics = names
            for (const topic of others) for (let at = 0; at < partitions; at++) move(topic, at)
          },
          async leave() {
            members.splice(members.indexOf(member), 1)
            for (const [place, owner] of [...owners]) {
              const [topic = '', partition] = place.split('/')
              if (owner === member) move(topic, Number(partition))
            }
          },
        }
      },
      async bounds(topic, partition) {
        const high = highOf(topic, partition)
        if (isHostile) await wait(random.between(0, ZOMBIE))
        if (chance(0.05)) throw new Error('the log does not know its bounds')
        // True when it was asked, and perhaps no longer.
        return { low: 0, high, identity: '00000000-0000-4000-8000-000000000000' }
      },
      appendedAt: () => Promise.resolve(null),
      close: () => Promise.resolve(),
    }),
    rebalance() {
      for (const place of owners.keys()) {
        const [topic = '', partition] = place.split('/')
        if (random.chance(0.5)) move(topic, Number(partition))
      }
    },
    calm() {
      isHostile = false
      wakeAll()
    },
    highs: () => [...logs].flatMap(([topic, all]) => all.map((_, partition) => highOf(topic, partition))),
  }
}
