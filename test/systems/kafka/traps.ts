import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { dealByName, userDataOf } from '../../../runtime/adapters/kafka-assign.ts'
import type { KafkaOptions } from '../../../runtime/adapters/kafka-client.ts'
import { kafkaClient } from '../../../runtime/adapters/kafka-client.ts'
import { kafkaLog } from '../../../runtime/adapters/kafka-log.ts'
import type { KafkaProducer } from '../../../runtime/adapters/kafka-producer.ts'
import { kafkaProducer } from '../../../runtime/adapters/kafka-producer.ts'
import { openKafkaSession } from '../../../runtime/adapters/kafka-session.ts'
import type { KafkaStretch } from '../../../runtime/adapters/kafka-stretch.ts'
import type { Assignment, Topics } from '../../../runtime/topics.ts'
import { kafkaBench, SESSION } from './bench.ts'
import type { Detour } from './detour.ts'
import { startDetour } from './detour.ts'

const record = (value: string) => ({ key: 'k', headers: {}, value })
const GIVE_UP = 60_000

/** The seven ways in which kafkajs loses or repeats records in silence, as far as one broker shows them. */
describe('what kafkajs does in silence', () => {
  let bench: Awaited<ReturnType<typeof kafkaBench>>
  let topics: Topics
  let kafka: KafkaOptions
  let close: () => Promise<void>
  let made = 0
  before(async () => {
    bench = await kafkaBench()
    kafka = bench.options
    const one = await bench.open('writer')
    topics = one.topics
    close = one.close
  })
  after(async () => {
    await close()
    await bench.close()
  })
  const fresh = async (partitions = 1): Promise<string> => {
    const topic = `trap-${made++}`
    await topics.ensure([{ name: topic, partitions }])
    return topic
  }
  async function valuesOf(topic: string): Promise<string[]> {
    const log = kafkaLog(kafka)
    const values: string[] = []
    for (let from = 0; ; ) {
      const { records, next } = await log.fetch(topic, 0, from)
      values.push(...records.map(({ value }) => value))
      if (next === from) break
      from = next
    }
    await log.close()
    return values
  }
  /** A producer that hardly tries again, so that a send fails as soon as its connections do. */
  async function disturbed(work: (producer: KafkaProducer, detour: Detour) => Promise<void>): Promise<void> {
    const detour = await startDetour()
    const client = () => kafkaClient({ ...kafka, connect: detour.connect }, 1)
    const producer = kafkaProducer({ client, deadline: 5000 })
    try {
      await work(producer, detour)
    } finally {
      await producer.close()
      detour.close()
    }
  }

  it('2: what follows a send that failed is not taken for its repeat', async () => {
    const topic = await fresh()

    await disturbed(async (producer, detour) => {
      await producer.append(topic, 0, [record('W')])
      detour.lose(true)
      await assert.rejects(producer.append(topic, 0, [record('X')]))
      detour.lose(false)
      await again(() => producer.append(topic, 0, [record('Y')]))
      await again(() => producer.append(topic, 0, [record('Z')]))
    })

    assert.deepEqual(await valuesOf(topic), ['W', 'X', 'Y', 'Z'])
  })

  it('2: of appends at the same time none is lost and none overtakes, also where the connection breaks', async () => {
    const topic = await fresh()
    const acknowledged: string[] = []

    await disturbed(async (producer, detour) => {
      await producer.append(topic, 0, [record('W')])
      detour.lose(true)
      const all = ['X', 'Y', 'Z', 'Q'].map(async (value) => {
        await producer.append(topic, 0, [record(value)])
        acknowledged.push(value)
      })
      await detour.lost
      detour.lose(false)
      await Promise.allSettled(all)
    })

    const values = (await valuesOf(topic)).filter((value) => acknowledged.includes(value))
    assert.ok(acknowledged.length > 0)
    assert.deepEqual(values, acknowledged)
  })

  it('3: an answer that names no partition is no success', async () => {
    const topic = await fresh(2)
    const producer = kafkaProducer({ client: () => kafkaClient(kafka, 1), deadline: 5000 })

    await assert.rejects(producer.append(topic, 9, [record('lost')]), /did not say that .* was written/)

    await producer.append(topic, 0, [record('kept')])
    await producer.close()
    assert.deepEqual(await valuesOf(topic), ['kept'])
  })

  it('4: a reader that waits beyond a log made anew is not handed its beginning, but told that it is another', async () => {
    const topic = await fresh()
    await topics.append(topic, ['a', 'b', 'c', 'd', 'e'].map(record))
    const reader = await bench.open('reader')
    const told: string[] = []
    const changed = Promise.withResolvers<void>()
    const first = Promise.withResolvers<Assignment>()
    const anew = Promise.withResolvers<Assignment>()
    const membership = await reader.topics.join(topic, [topic], {
      assigned(assignment) {
        told.push('assigned')
        if (told.length === 1) first.resolve(assignment)
        else anew.resolve(assignment)
      },
      revoked() {
        told.push('revoked')
        changed.resolve()
      },
      failed: () => undefined,
    })
    const old = await first.promise
    const ended = new AbortController()
    const waiting = old.read(5, { most: 9, signal: ended.signal })

    await bench.remake(topic, 1)
    await reader.topics.append(topic, ['f', 'g'].map(record))
    const held = await anew.promise
    await changed.promise
    ended.abort()

    assert.deepEqual(await waiting, [])
    assert.deepEqual(told, ['assigned', 'revoked', 'assigned'])
    const records = await held.read(0, { most: 9, signal: AbortSignal.timeout(GIVE_UP) })
    assert.deepEqual(
      records.map(({ offset, value }) => [offset, value]),
      [
        [0, 'f'],
        [1, 'g'],
      ],
    )
    await membership.leave()
    await reader.close()
  })

  it('5: members that come and go put no reader back', async () => {
    const topic = await fresh(3)
    const reader = await bench.open('a reader')
    const got: string[] = []
    const next = new Map<number, number>()
    const faults: unknown[] = []
    const all = Promise.withResolvers<void>()
    const ended = new Map<number, AbortController>()
    async function follow(assignment: Assignment, signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        const from = next.get(assignment.partition) ?? 0
        for (const { offset, value } of await assignment.read(from, { most: 5, signal })) {
          if (signal.aborted) return
          next.set(assignment.partition, offset + 1)
          got.push(value)
          if (got.length === 300) all.resolve()
        }
      }
    }
    const membership = await reader.topics.join(topic, [topic], {
      assigned(assignment) {
        const own = new AbortController()
        ended.set(assignment.partition, own)
        follow(assignment, own.signal).catch((error: unknown) => faults.push(error))
      },
      revoked: (_, partition) => ended.get(partition)?.abort(),
      failed: (error) => void faults.push(error),
    })

    for (let n = 0; n < 300; n += 50) {
      const other = await bench.open(`other ${n}`)
      const shared = Promise.withResolvers<void>()
      const guest = await other.topics.join(topic, [topic], {
        assigned: () => shared.resolve(),
        revoked: () => undefined,
        failed: () => undefined,
      })
      await shared.promise
      for (let at = n; at < n + 50; at++) await topics.append(topic, [{ ...record(`${at}`), key: `key ${at}` }])
      await guest.leave()
      await other.close()
    }
    await all.promise

    assert.deepEqual(faults, [])
    assert.deepEqual(
      got.map(Number).sort((a, b) => a - b),
      Array.from({ length: 300 }, (_, n) => n),
    )
    await membership.leave()
    await reader.close()
  })

  it('6: the stream goes on by itself, and brings no stretch again', async () => {
    const topic = await fresh()
    const log = kafkaLog(kafka)
    const stretches: KafkaStretch[] = []
    const all = Promise.withResolvers<void>()
    const count = async (names: readonly string[]) => {
      const described = await log.describe(names)
      return new Map(described.topics.map(({ name, leaders }) => [name, leaders.length]))
    }
    const session = openKafkaSession(
      kafkaClient(kafka, 5),
      {
        group: topic,
        topics: [topic],
        userData: userDataOf('alone', 1),
        assign: dealByName(count),
        session: SESSION,
      },
      {
        assigned: () => session.place(topic, 0, 0),
        brought(_, __, stretch) {
          stretches.push(stretch)
          if (stretch.next >= 20) all.resolve()
        },
        heard: () => undefined,
        ended: (error) => all.reject(error),
      },
    )
    await session.joined

    for (let n = 0; n < 20; n++) await topics.append(topic, [record(`${n}`)])
    await all.promise

    let next = 0
    for (const stretch of stretches) {
      assert.equal(stretch.from, next)
      next = stretch.next
    }
    await session.end()
    await log.close()
  })

  it('7: whoever deals out gives no partition to a member that does not read its topic', async () => {
    const [x, y] = [await fresh(2), await fresh(2)]
    const places = new Map<string, string>()
    const all = Promise.withResolvers<void>()
    const open = async (name: string, ...names: string[]) => {
      const opened = await bench.open(name)
      const membership = await opened.topics.join('mixed', names, {
        assigned({ topic, partition }) {
          places.set(`${topic}/${partition}`, name)
          if (places.size === 4) all.resolve()
        },
        revoked: (topic, partition) => void places.delete(`${topic}/${partition}`),
        failed: () => undefined,
      })
      return async () => {
        await membership.leave()
        await opened.close()
      }
    }

    const closes = [await open('reads x', x), await open('reads y', y)]
    await all.promise

    assert.deepEqual(Object.fromEntries(places), {
      [`${x}/0`]: 'reads x',
      [`${x}/1`]: 'reads x',
      [`${y}/0`]: 'reads y',
      [`${y}/1`]: 'reads y',
    })
    for (const end of closes) await end()
  })
})

async function again(work: () => Promise<void>): Promise<void> {
  for (let left = 20; ; left--) {
    try {
      return await work()
    } catch (error) {
      if (left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
