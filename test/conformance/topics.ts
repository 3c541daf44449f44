import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { partitionOf } from '../../runtime/partitioner.ts'
import type { Assignment, LogRecord, Membership, Topics } from '../../runtime/topics.ts'

/** What a log's own test lends the suite: members, and faults that only it knows how to make. */
export interface TopicsBench {
  /** What a process of this name opens. */
  open(member: string): Promise<OpenTopics>
  /** Whether it keeps its records until it is told to let them go; another lets them go by itself. */
  readonly trims: boolean
  /** Leaves an offset without a record. */
  gap(topic: string, partition: number): Promise<void>
  /** Drops all records below an offset. */
  truncate(topic: string, partition: number, low: number): Promise<void>
  /** Removes a topic with all its records and makes it again. */
  remake(topic: string, partitions: number): Promise<void>
  /** Ends the log's server in the hardest way, runs `meanwhile`, and starts it again. */
  outage(meanwhile: () => Promise<void>): Promise<void>
  close(): Promise<void>
}

export interface OpenTopics {
  readonly topics: Topics
  /** Its process is gone without a word. */
  die(): Promise<void>
  close(): Promise<void>
}

const PATIENCE = 60_000
const text = (n: number) => `{"n":${n}}`
const record = (key: string, value: string, headers: Record<string, string> = {}) => ({ key, value, headers })

/** What every Topics adapter owes the engine. Each adapter's test runs this whole suite. */
export function testTopics(name: string, start: () => Promise<TopicsBench>): void {
  describe(`topics: ${name}`, () => {
    let bench: TopicsBench
    let one: OpenTopics
    let topics: Topics
    let made = 0
    before(async () => {
      bench = await start()
      one = await bench.open('writer')
      topics = one.topics
    })
    after(async () => {
      await one.close()
      await bench.close()
    })
    const fresh = async (partitions = 3): Promise<string> => {
      const topic = `topic-${made++}`
      await topics.ensure([{ name: topic, partitions }])
      return topic
    }
    const member = async (as: string, group: string, ...names: string[]): Promise<Reader> => {
      const opened = await bench.open(as)
      return join(opened, group, names)
    }
    const alone = async (topic: string): Promise<Reader> => {
      const reader = await member(`reader-${topic}`, topic, topic)
      const { partitions } = await held(topic, 3, reader)
      assert.equal(partitions, 3)
      return reader
    }

    it('gives each record an offset in the partition of its key, as Kafka deals them', async () => {
      const topic = await fresh()
      const keys = ['21', 'foobar', 'abc', 'größer', '模型', '']

      await topics.append(
        topic,
        keys.map((key, n) => record(key, text(n))),
      )

      for (const partition of [0, 1, 2]) {
        const wanted = keys.filter((key) => partitionOf(key, 3) === partition)
        const { low, high } = await topics.bounds(topic, partition)
        assert.deepEqual([low, high], [0, wanted.length])
      }
    })

    it('keeps keys, headers and values byte for byte', async () => {
      const topic = await fresh()
      const reader = await alone(topic)
      const large = `${'€'.repeat(2 ** 18 / 3)}!`
      const values = ['', 'é 模型 🦊 "\\\n\t\r \u2028', '{"a":"\\u0000"}', large]
      const sent = values.map((value) =>
        record('key 键', value, { ce_subject: 'größe 模型 🦊 %', 'content-type': 'application/json', empty: '' }),
      )

      await topics.append(topic, sent)

      const got = await reader.read(topic, partitionOf('key 键', 3), 0, values.length)
      assert.equal(Buffer.byteLength(large), 2 ** 18)
      assert.deepEqual(
        got.map(({ offset: _, ...rest }) => rest),
        sent,
      )
      await reader.leave()
    })

    it('keeps the order of a key under appends at the same time, and loses none', async () => {
      const topic = await fresh()
      const reader = await alone(topic)
      const others = await Promise.all(['w1', 'w2', 'w3'].map((as) => bench.open(as)))
      const write = async (to: Topics, key: string): Promise<void> => {
        for (let n = 0; n < 30; n += 3) {
          await to.append(
            topic,
            [n, n + 1, n + 2].flatMap((m) => [record(key, text(m)), record(`${key} too`, text(m))]),
          )
        }
      }

      await Promise.all(others.map(({ topics: to }, at) => write(to, `key ${at}`)))

      const all = (await Promise.all([0, 1, 2].map((partition) => reader.all(topic, partition)))).flat()
      assert.equal(all.length, 180)
      for (const [key, some] of Map.groupBy(all, (one) => one.key)) {
        assert.deepEqual(
          some.map(({ value }) => value),
          Array.from({ length: 30 }, (_, n) => text(n)),
          key,
        )
      }
      await reader.leave()
      await Promise.all(others.map((other) => other.close()))
    })

    it('stores what is appended twice as two records', async () => {
      const topic = await fresh()
      const reader = await alone(topic)
      const same = record('k', text(1), { ce_id: 'one' })

      await topics.append(topic, [same])
      await topics.append(topic, [same])

      const got = await reader.all(topic, partitionOf('k', 3))
      assert.deepEqual(got, [
        { ...same, offset: got[0]?.offset ?? -1 },
        { ...same, offset: got[1]?.offset ?? -1 },
      ])
      assert.notEqual(got[0]?.offset, got[1]?.offset)
      await reader.leave()
    })

    it('reads from an offset on, no more than asked, over gaps', async () => {
      const topic = await fresh()
      const reader = await alone(topic)
      const at = partitionOf('k', 3)
      await topics.append(topic, [record('k', text(0)), record('k', text(1))])
      await bench.gap(topic, at)
      await topics.append(topic, [record('k', text(2)), record('k', text(3))])

      const all = await reader.all(topic, at)
      const [, , third, fourth] = all

      assert.deepEqual(
        all.map(({ value }) => value),
        [0, 1, 2, 3].map(text),
      )
      assert.ok((third?.offset ?? 0) > 2)
      assert.deepEqual(await reader.read(topic, at, 2, 1), [third])
      assert.deepEqual(await reader.read(topic, at, fourth?.offset ?? -1, 1), [fourth])
      await reader.leave()
    })

    it('begins at the start where what was asked for is gone', async () => {
      const topic = await fresh()
      const reader = await alone(topic)
      const at = partitionOf('k', 3)
      await topics.append(
        topic,
        [0, 1, 2, 3].map((n) => record('k', text(n))),
      )

      await bench.truncate(topic, at, 2)

      const { low, high } = await topics.bounds(topic, at)
      assert.deepEqual([low, high], [2, 4])
      assert.deepEqual(
        (await reader.read(topic, at, 0, 2)).map(({ offset }) => offset),
        [2, 3],
      )
      assert.ok(await topics.appendedAt(topic, at, 0))
      await reader.leave()
    })

    it('knows a topic that was made anew', async () => {
      const topic = await fresh()
      await topics.append(topic, [record('k', text(0))])
      const before = await topics.bounds(topic, partitionOf('k', 3))

      await topics.ensure([{ name: topic, partitions: 3 }])
      const same = await topics.bounds(topic, partitionOf('k', 3))
      await bench.remake(topic, 3)
      const anew = await topics.bounds(topic, partitionOf('k', 3))

      assert.deepEqual(same, before)
      assert.notEqual(anew.identity, before.identity)
      assert.deepEqual([anew.low, anew.high], [0, 0])
    })

    it('refuses records for a topic that is not there', async () => {
      await assert.rejects(topics.append('nowhere', [record('k', text(0))]), /nowhere/)
    })

    it('tells when a record was appended, and null where there is none', async () => {
      const topic = await fresh()
      const begun = Date.now()
      await topics.append(topic, [record('k', text(0))])

      const at = await topics.appendedAt(topic, partitionOf('k', 3), 0)

      assert.ok(at && Math.abs(at.getTime() - begun) < PATIENCE)
      assert.equal(await topics.appendedAt(topic, partitionOf('k', 3), 1), null)
    })

    it('wakes readers that wait, and ends a read with its signal', async () => {
      const topic = await fresh()
      const reader = await alone(topic)
      const waiting = reader.read(topic, partitionOf('k', 3), 0, 1)
      const ended = new AbortController()
      const other = reader.assignment(topic, partitionOf('k', 3))?.read(5, { most: 1, signal: ended.signal })

      await topics.append(topic, [record('k', text(7))])

      assert.deepEqual(
        (await waiting).map(({ value }) => value),
        [text(7)],
      )
      ended.abort()
      assert.deepEqual(await other, [])
      await reader.leave()
    })

    it('lets go what is over by its time and below the offset that is said, and readers from before begin at the start', async () => {
      const topic = await fresh()
      const partition = partitionOf('k', 3)
      await topics.append(
        topic,
        [0, 1, 2, 3].map((n) => record('k', text(n))),
      )
      const { low, identity } = await topics.bounds(topic, partition)
      const below = (offset: number) => (place: { readonly topic: string; readonly partition: number }) =>
        place.topic === topic && place.partition === partition ? offset : 0
      const later = new Date(Date.now() + 60_000)
      const places: unknown[] = []

      assert.equal(await topics.trim({ before: new Date(0), below: below(low + 4) }), 0)
      const count = await topics.trim({
        before: later,
        below(place) {
          if (place.topic === topic && place.partition === partition) places.push(place)
          return below(low + 3)(place)
        },
      })
      if (!bench.trims) {
        assert.equal(count, 0)
        return
      }

      assert.equal(count, 3)
      assert.deepEqual(places, [{ topic, partition, identity }])
      assert.deepEqual(await topics.bounds(topic, partition), { low: low + 3, high: low + 4, identity })
      const reader = await alone(topic)
      const [first] = await reader.read(topic, partition, low, 1)
      assert.deepEqual([first?.offset, first?.value], [low + 3, text(3)])
      await topics.append(topic, [record('k', text(4))])
      assert.equal(await topics.trim({ before: later, below: below(low + 9) }), 2)
      assert.deepEqual(await topics.bounds(topic, partition), { low: low + 5, high: low + 5, identity })
      await reader.leave()
    })

    it('deals all partitions out between two members, and back when one leaves', async () => {
      const topic = await fresh()
      const first = await alone(topic)
      await topics.append(
        topic,
        [0, 1, 2].map((n) => record(`key ${n}`, text(n))),
      )

      const second = await member('second', topic, topic)
      const shared = await held(topic, 3, first, second)
      await second.leave()
      const after = await held(topic, 3, first)

      assert.deepEqual([shared.partitions, shared.members], [3, 2])
      assert.equal(after.partitions, 3)
      assert.equal((await Promise.all([0, 1, 2].map((partition) => first.all(topic, partition)))).flat().length, 3)
      await first.leave()
    })

    it('revokes a partition in the middle of a read, and its next owner reads on', async () => {
      const topic = await fresh()
      const first = await alone(topic)
      const ended = new AbortController()
      const reads = [0, 1, 2].map((partition) =>
        first.assignment(topic, partition)?.read(0, { most: 1, signal: ended.signal }),
      )

      const second = await member('second', topic, topic)
      await held(topic, 3, first, second)
      const moved = [...second.holds][0]?.[1]
      ended.abort()
      await Promise.all(reads)
      await topics.append(
        topic,
        keysOf(moved?.partition ?? 0).map((key) => record(key, text(1))),
      )

      assert.deepEqual(
        (await second.read(topic, moved?.partition ?? 0, 0, 1)).map(({ value }) => value),
        [text(1)],
      )
      await Promise.all([first.leave(), second.leave()])
    })

    it('gives the partitions of a member that died to the others', async () => {
      const topic = await fresh()
      const first = await alone(topic)
      const second = await member('second', topic, topic)
      await held(topic, 3, first, second)

      await second.die()

      assert.equal((await held(topic, 3, first)).partitions, 3)
      await second.leave()
      await first.leave()
    })

    it('lets a member that died and comes back under its name take its place, while the others keep theirs', async () => {
      const topic = await fresh()
      const first = await alone(topic)
      const second = await member('second', topic, topic)
      await held(topic, 3, first, second)
      const places = (reader: Reader) => [...reader.holds.keys()].sort()
      const kept = places(first)
      const had = places(second)
      await second.die()

      const again = await member('second', topic, topic)
      await again.until(() => again.holds.size === had.length)

      assert.deepEqual([places(again), places(first)], [had, kept])
      await second.leave()
      await Promise.all([again.leave(), first.leave()])
    })

    it('reads another set of topics from now on, and gives up none that stays for it', async () => {
      const [stays, goes, comes] = [await fresh(), await fresh(), await fresh()]
      const reader = await member('changes its mind', 'subscribe', stays, goes)
      await reader.until(() => reader.holds.size === 6)
      const before = reader.assignment(stays, 0)

      reader.subscribe([stays, comes])

      const topicsHeld = () => new Set([...reader.holds.keys()].map((place) => place.split('/')[0]))
      await reader.until(() => reader.holds.size === 6 && topicsHeld().has(comes))
      assert.deepEqual(topicsHeld(), new Set([stays, comes]))
      assert.equal(reader.assignment(stays, 0), before)
      await topics.append(comes, [record('k', 'heard')])
      const [heard] = await reader.read(comes, partitionOf('k', 3), 0, 1)
      assert.equal(heard?.value, 'heard')
      await reader.leave()
    })

    it('leaves no partition without a reader where members read different topics', async () => {
      const [x, y] = [await fresh(), await fresh()]
      const first = await member('a', 'mixed', x)
      const second = await member('b', 'mixed', x, y)
      const third = await member('c', 'mixed', y)

      await together([first, second, third], () => {
        const all = [first, second, third].flatMap(({ holds }) => [...holds.keys()])
        return all.length === 6 && new Set(all).size === 6
      })

      assert.ok([...first.holds.keys()].every((place) => place.startsWith(`${x}/`)))
      assert.ok([...third.holds.keys()].every((place) => place.startsWith(`${y}/`)))
      for (const reader of [first, second, third]) await reader.leave()
    })

    it('has what it acknowledged when its server was killed, and goes on by itself: appends, readers, members', async () => {
      const topic = await fresh()
      const reader = await alone(topic)
      let acknowledged = 0
      const write = async (): Promise<void> => {
        for (;;) {
          await topics.append(topic, [record('k', text(acknowledged))])
          acknowledged++
        }
      }
      const writing = write().catch(() => undefined)
      await reader.read(topic, partitionOf('k', 3), 20, 1)

      await bench.outage(async () => {
        await writing
        await reader.until(() => reader.failures > 0)
      })
      await again(() => topics.append(topic, [record('k', 'last')]))
      const got = await again(() => reader.all(topic, partitionOf('k', 3)))

      const values = got.map(({ value }) => value)
      assert.deepEqual(
        values.slice(0, acknowledged),
        Array.from({ length: acknowledged }, (_, n) => text(n)),
      )
      const second = await member('second', topic, topic)
      assert.equal((await held(topic, 3, reader, second)).members, 2)
      await Promise.all([reader.leave(), second.leave()])
    })
  })
}

interface Watched {
  /** Called whenever something has changed. */
  readonly watchers: Set<() => void>
}

interface Reader extends Membership, Watched {
  readonly holds: ReadonlyMap<string, Assignment>
  readonly failures: number
  assignment(topic: string, partition: number): Assignment | undefined
  /** Waits until there are so many, in as many reads as it takes. */
  read(topic: string, partition: number, from: number, count: number): Promise<LogRecord[]>
  /** All that is there. */
  all(topic: string, partition: number): Promise<LogRecord[]>
  /** Looks whenever something has changed. */
  until(check: () => boolean): Promise<void>
  die(): Promise<void>
}

async function join(opened: OpenTopics, group: string, names: readonly string[]): Promise<Reader> {
  const holds = new Map<string, Assignment>()
  const watchers = new Set<() => void>()
  let failures = 0
  let dead = false
  const changed = () => {
    for (const look of watchers) look()
  }
  const membership = await opened.topics.join(group, names, {
    assigned(assignment) {
      holds.set(`${assignment.topic}/${assignment.partition}`, assignment)
      changed()
    },
    revoked(topic, partition) {
      assert.ok(holds.delete(`${topic}/${partition}`), 'only what is held is revoked')
      changed()
    },
    failed() {
      failures++
      changed()
    },
  })
  const read: Reader['read'] = async (topic, partition, from, count) => {
    const got: LogRecord[] = []
    while (got.length < count) {
      const next = (got.at(-1)?.offset ?? from - 1) + 1
      const options = { most: count - got.length, signal: AbortSignal.timeout(PATIENCE) }
      const some = await holds.get(`${topic}/${partition}`)?.read(next, options)
      assert.ok(some && some.length > 0, `${topic}/${partition} gave no more records than ${got.length} of ${count}`)
      got.push(...some)
    }
    return got
  }

  return {
    holds,
    get failures() {
      return failures
    },
    assignment: (topic, partition) => holds.get(`${topic}/${partition}`),
    read,
    async all(topic, partition) {
      const { low, high } = await opened.topics.bounds(topic, partition)
      const got: LogRecord[] = []
      let next = low
      while (next < high) {
        const some = await read(topic, partition, next, 1)
        got.push(...some)
        next = (some.at(-1)?.offset ?? high) + 1
      }
      return got
    },
    until: (check) => together([{ watchers }], check),
    subscribe: (names) => membership.subscribe(names),
    async die() {
      dead = true
      await opened.die()
    },
    async leave() {
      // What a dead process would have done is only ended here.
      await membership.leave().catch((error: unknown) => {
        if (!dead) throw error
      })
      if (!dead) {
        assert.equal(holds.size, 0)
        await opened.close()
      }
    },
    watchers,
  }
}

/** Resolves when the members hold all partitions of a topic, each once, and every member some. */
async function held(
  topic: string,
  partitions: number,
  ...readers: readonly Reader[]
): Promise<{ readonly partitions: number; readonly members: number }> {
  const of = (reader: Reader) => [...reader.holds.keys()].filter((place) => place.startsWith(`${topic}/`))
  await together(readers, () => {
    const all = readers.flatMap(of)
    return all.length === partitions && new Set(all).size === partitions && readers.every((one) => of(one).length > 0)
  })
  return { partitions, members: readers.length }
}

function together(readers: readonly Watched[], check: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const sets = readers.map(({ watchers }) => watchers)
    const done = (): void => {
      clearTimeout(timer)
      for (const set of sets) set.delete(look)
    }
    const look = (): void => {
      if (!check()) return
      done()
      resolve()
    }
    const timer = setTimeout(() => {
      done()
      reject(new Error('the members did not come to hold what they should'))
    }, PATIENCE)
    for (const set of sets) set.add(look)
    look()
  })
}

/** What a caller does with an unknown outcome. */
async function again<result>(work: () => Promise<result>): Promise<result> {
  for (let left = 200; ; left--) {
    try {
      return await work()
    } catch (error) {
      if (left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** Keys of which the first lies in that partition. */
function keysOf(partition: number): string[] {
  for (let n = 0; ; n++) if (partitionOf(`key ${n}`, 3) === partition) return [`key ${n}`]
}
