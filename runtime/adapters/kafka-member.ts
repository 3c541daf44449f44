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
  let identities = new Map<string, string>()
  let lastHeard = performance.now()

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
    for (const [place, [topic, partition]] of given) {
      if (held.has(place)) continue
      const name = `${prefix}${topic}`
      const stream = {
        place: (offset: number) => held.has(place) && (session?.place(name, partition, offset) ?? false),
        pause: () => session?.pause(name, partition),
      }
      const shelf = kafkaShelf({ topic: name, partition, log, stream })
      held.set(place, { topic, partition, shelf, identity: identities.get(topic) ?? '' })
      listener.assigned(assignment(topic, partition, shelf))
    }
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
    try {
      await within(3 * lease, next.joined, left.signal)
      void before?.end()
    } catch (error) {
      void next.end()
      throw error
    }
  }
  async function look(): Promise<void> {
    // The group has given all to others by now.
    if (performance.now() - lastHeard > 2 * lease) giveUp()
    const names = wanted.map((topic) => `${prefix}${topic}`)
    const { topics } = await log.describe(names)
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
      const { topic, partition, shelf } = one
      const identity = identities.get(topic)
      if (identity === one.identity || identity === undefined) continue
      drop(place, one)
      held.set(place, { ...one, identity })
      listener.assigned(assignment(topic, partition, shelf))
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

  const lived = live()
  return {
    subscribe(topics) {
      wanted = topics
      room.call('')
    },
    async leave() {
      left.abort()
      clearInterval(mirror)
      const ended = session?.end()
      await lived
      await Promise.all([ended, session?.end()])
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

async function within(milliseconds: number, work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const end = (): void => reject(new Error(`the group gave no share within ${milliseconds} ms`))
  const timer = setTimeout(end, milliseconds)
  signal.addEventListener('abort', end, { once: true })
  try {
    await Promise.race([work, ended])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}
