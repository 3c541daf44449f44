import type { Assignment, MemberListener, Membership } from '../topics.ts'
import { userDataOf } from './kafka-assign.ts'
import type { KafkaClient, KafkaMemberConfig } from './kafka-client.ts'
import { translateKafka } from './kafka-errors.ts'
import type { KafkaLog } from './kafka-log.ts'
import type { KafkaSession } from './kafka-session.ts'
import { openKafkaSession } from './kafka-session.ts'
import type { KafkaShelf } from './kafka-shelf.ts'
import { kafkaShelf } from './kafka-shelf.ts'
import { waitingRoom } from './waiting-room.ts'

export interface KafkaMemberOptions extends Pick<KafkaMemberConfig, 'group' | 'assign' | 'session'> {
  /** The name under which it comes back. */
  readonly member: string
  readonly log: KafkaLog
  /** What a topic is called in Kafka. */
  readonly prefix: string
  /** A new client for each stay in the group. */
  client(): KafkaClient
}

interface Held {
  readonly topic: string
  readonly partition: number
  readonly shelf: KafkaShelf
  /** What made its topic this one. */
  readonly identity: string
}

/** Milliseconds between looks at whether all is as it should be. */
const LOOK = 5000
const LOOK_SOON = 500
const MIRROR = 1000
let began = 0

/**
 * One member of a group. Kafka deals out who reads what, and wakes those who wait; where to read is never its word. A member
 * stays by whatever it takes: a client that has died, or wants other topics, is replaced by another under the same name.
 */
export function kafkaMember(
  { log, group, member, prefix, session: lease, assign, client }: KafkaMemberOptions,
  first: readonly string[],
  listener: MemberListener,
): Membership {
  const room = waitingRoom()
  const held = new Map<string, Held>()
  const positions = new Map<string, number>()
  const left = new AbortController()
  let wanted: readonly string[] = first
  let session: KafkaSession | undefined
  /** The one that is to take its place. */
  let entering: KafkaSession | undefined
  let identities = new Map<string, string>()
  let lastHeard = performance.now()
  /** Since when Kafka answers, if it does. */
  let reachable: number | undefined

  function assignment(topic: string, partition: number, shelf: KafkaShelf): Assignment {
    const place = placeOf(topic, partition)
    const { read } = shelf
    return { topic, partition, read, mirror: (position) => void positions.set(place, position) }
  }
  function drop(place: string, { topic, partition, shelf }: Held): void {
    held.delete(place)
    positions.delete(place)
    shelf.lost()
    listener.revoked(topic, partition)
  }
  function hold(share: Readonly<Record<string, readonly number[]>>): void {
    const given = new Map<string, readonly [topic: string, partition: number]>()
    for (const [name, partitions] of Object.entries(share)) {
      const topic = name.slice(prefix.length)
      for (const partition of partitions) given.set(placeOf(topic, partition), [topic, partition])
    }
    for (const [place, one] of held) {
      if (!given.has(place) || identities.get(one.topic) !== one.identity) drop(place, one)
      // Its stream stands still, at no place of ours.
      else one.shelf.lost()
    }
    for (const [place, [topic, partition]] of given) if (!held.has(place)) take(place, topic, partition)
  }
  function take(place: string, topic: string, partition: number): void {
    const name = `${prefix}${topic}`
    const stream = {
      place: (offset: number) => held.get(place)?.shelf === shelf && session?.place(name, partition, offset) === true,
      pause: () => session?.pause(name, partition),
    }
    const shelf: KafkaShelf = kafkaShelf({ topic: name, partition, log, stream })
    held.set(place, { topic, partition, shelf, identity: identities.get(topic) ?? '' })
    listener.assigned(assignment(topic, partition, shelf))
  }
  /** Another takes the place of what is there, which leaves when the other is in: nobody else's partitions move. */
  async function enter(topics: readonly string[]): Promise<void> {
    const before = session
    const own = client()
    const userData = userDataOf(member, nextBeginning())
    const next = openKafkaSession(
      own,
      { group, userData, assign, session: lease, topics: topics.map((topic) => `${prefix}${topic}`) },
      {
        assigned(share) {
          if (left.signal.aborted || (session !== next && session !== before)) return
          // Its share has gone to the one that is to take its place, and will tell.
          if (entering && entering !== next) return
          session = next
          hold(share)
        },
        brought(name, partition, stretch) {
          if (session === next) held.get(placeOf(name.slice(prefix.length), partition))?.shelf.brought(stretch)
        },
        heard() {
          lastHeard = performance.now()
        },
        ended(error) {
          if (left.signal.aborted) return
          listener.failed(translateKafka(error))
          room.call('')
        },
      },
    )
    entering = next
    try {
      await within(3 * lease, next.joined)
      void before?.end()
    } catch (error) {
      void next.end()
      throw error
    } finally {
      entering = undefined
    }
  }
  async function look(): Promise<void> {
    const names = wanted.map((topic) => `${prefix}${topic}`)
    const { topics } = await log.describe(names).catch((error: unknown) => {
      reachable = undefined
      throw error
    })
    if (left.signal.aborted) return
    reachable ??= performance.now()
    // Kafka is there, and the group has given all to others by now. While it is not there, nobody has it.
    if (performance.now() - Math.max(lastHeard, reachable) > 2 * lease) giveUp()
    identities = new Map(topics.map(({ name, id }) => [name.slice(prefix.length), id]))
    const there = wanted.filter((topic) => identities.has(topic))
    const isAsWanted = session?.topics.join() === there.map((topic) => `${prefix}${topic}`).join()
    if (there.length === 0) giveUp()
    else if (!session || session.isOver || !isAsWanted) await enter(there)
    renew()
  }
  function giveUp(): void {
    for (const [place, one] of held) drop(place, one)
    void session?.end()
    session = undefined
  }
  /** A topic that was made anew is another one: what is held of it begins again. */
  function renew(): void {
    for (const [place, one] of held) {
      const identity = identities.get(one.topic)
      if (identity === one.identity || identity === undefined) continue
      drop(place, one)
      take(place, one.topic, one.partition)
    }
  }
  async function live(): Promise<void> {
    while (!left.signal.aborted) {
      const rung = new AbortController()
      const until = AbortSignal.any([left.signal, rung.signal])
      let next = room.wait('', LOOK, until)
      try {
        await look()
      } catch (error) {
        rung.abort()
        if (!left.signal.aborted) listener.failed(translateKafka(error))
        next = room.wait('', LOOK_SOON, left.signal)
      }
      await next
    }
  }
  const mirror = setInterval(() => {
    const offsets = [...positions].flatMap(([place, position]) => {
      const one = held.get(place)
      return one ? [{ topic: `${prefix}${one.topic}`, partition: one.partition, offset: `${position}` }] : []
    })
    positions.clear()
    // It decides nothing, and the next one tells more.
    if (offsets.length > 0) session?.commit(offsets).catch(() => undefined)
  }, MIRROR).unref()

  void live()
  return {
    subscribe(topics) {
      wanted = topics
      room.call('')
    },
    async leave() {
      left.abort()
      clearInterval(mirror)
      await Promise.all([session?.end(), entering?.end()])
      hold({})
    },
  }
}

function placeOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

/** Grows, also from one process to the next. */
function nextBeginning(): number {
  began = Math.max(began + 1, Date.now())
  return began
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the group gave no share within ${milliseconds} ms`)), milliseconds)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
