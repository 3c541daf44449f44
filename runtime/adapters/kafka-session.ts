import type { Consumer, KafkaClient, KafkaMemberConfig } from './kafka-client.ts'
import type { KafkaMessage } from './kafka-records.ts'
import { toLogRecord } from './kafka-records.ts'
import type { KafkaStretch } from './kafka-stretch.ts'

/** One stay of a member in its group, by one consumer: it ends for good, and then another takes its place. */
export interface KafkaSession {
  readonly topics: readonly string[]
  /** Resolves when it has joined; rejects when it ends before. */
  readonly joined: Promise<void>
  readonly isOver: boolean
  /** Reads a partition on from here; false before it has joined. */
  place(topic: string, partition: number, offset: number): boolean
  pause(topic: string, partition: number): void
  /** Tells the group where it stands. */
  commit(positions: readonly KafkaPosition[]): Promise<void>
  /** Leaves the group, and ends its connections. */
  end(): Promise<void>
}

export interface KafkaPosition {
  readonly topic: string
  readonly partition: number
  readonly offset: string
}

export interface KafkaSessionEvents {
  /** It holds these partitions from now on, and no others; all stand still. Nothing was told of those before. */
  assigned(share: Readonly<Record<string, readonly number[]>>): void
  brought(topic: string, partition: number, stretch: KafkaStretch): void
  /** The group has heard of it. */
  heard(): void
  ended(error: unknown): void
}

const SUBSCRIBE_AGAIN = 300
const SUBSCRIBES = 20
/** Milliseconds that a farewell may take. */
const END = 5000

export function openKafkaSession(
  client: KafkaClient,
  { topics, ...config }: KafkaMemberConfig & { readonly topics: readonly string[] },
  events: KafkaSessionEvents,
): KafkaSession {
  const consumer = client.consumer(config)
  const { GROUP_JOIN, HEARTBEAT, CRASH } = consumer.events
  const joining = Promise.withResolvers<void>()
  // Whoever does not wait for it hears of its end by `ended`.
  joining.promise.catch(() => undefined)
  let isIn = false
  let isOver = false

  function over(error: unknown): void {
    if (isOver) return
    isOver = true
    isIn = false
    joining.reject(error)
    events.ended(error)
  }

  consumer.on(GROUP_JOIN, ({ payload: { memberAssignment } }) => {
    // In this very turn, before any fetch: a join puts every position back to what was last committed.
    consumer.pause(Object.entries(memberAssignment).map(([topic, partitions]) => ({ topic, partitions })))
    isIn = true
    // What a listener throws would end the consumer for good.
    queueMicrotask(() => {
      if (isOver) return
      events.heard()
      events.assigned(memberAssignment)
      joining.resolve()
    })
  })
  consumer.on(HEARTBEAT, () => events.heard())
  consumer.on(CRASH, ({ payload: { error } }) => over(error))
  begin(consumer, topics, events).catch(over)

  return {
    topics,
    joined: joining.promise,
    get isOver() {
      return isOver
    },
    place(topic, partition, offset) {
      if (!isIn) return false
      consumer.seek({ topic, partition, offset: `${offset}` })
      consumer.resume([{ topic, partitions: [partition] }])
      return true
    },
    pause(topic, partition) {
      if (isIn) consumer.pause([{ topic, partitions: [partition] }])
    },
    async commit(positions) {
      if (isIn) await consumer.commitOffsets([...positions])
    },
    async end() {
      isOver = true
      isIn = false
      joining.reject(new Error('it was left'))
      const late = new Promise((resolve) => setTimeout(resolve, END).unref())
      await Promise.race([consumer.disconnect().catch(() => undefined), late])
      client.cut()
    },
  }
}

async function begin(
  consumer: Consumer,
  topics: readonly string[],
  events: Pick<KafkaSessionEvents, 'brought'>,
): Promise<void> {
  await consumer.connect()
  // A topic that was made just now is not known to every broker yet.
  for (let left = SUBSCRIBES; ; left--) {
    try {
      await consumer.subscribe({ topics: [...topics], fromBeginning: true })
      break
    } catch (error) {
      if (left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, SUBSCRIBE_AGAIN))
    }
  }
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: true,
    eachBatch: async ({ batch }) => events.brought(batch.topic, batch.partition, stretchOf(batch)),
  })
}

/** kafkajs 2.2.4, src/consumer/batch.js: its types do not tell of `fetchedOffset`. */
function stretchOf(batch: { readonly messages: readonly KafkaMessage[]; lastOffset(): string }): KafkaStretch {
  const from = 'fetchedOffset' in batch ? Number(batch.fetchedOffset) : Number.NaN
  return { from, next: Number(batch.lastOffset()) + 1, records: batch.messages.map(toLogRecord) }
}
