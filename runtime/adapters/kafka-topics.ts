import { PlatformError } from '../errors.ts'
import { partitionOf } from '../partitioner.ts'
import type { Topics } from '../topics.ts'
import { dealByName } from './kafka-assign.ts'
import type { KafkaOptions } from './kafka-client.ts'
import { kafkaClient } from './kafka-client.ts'
import { makeTopics } from './kafka-ensure.ts'
import { kafkaLog } from './kafka-log.ts'
import { kafkaMember } from './kafka-member.ts'
import { kafkaProducer } from './kafka-producer.ts'

export interface KafkaTopicsOptions extends KafkaOptions {
  /** The name under which this process takes part in groups. */
  readonly member: string
  /** What the names of topics and groups begin with in Kafka: a team's own, as its ACLs say. */
  readonly prefix?: string
  /** Copies of a new topic's records: as many as the brokers give by default, if not given. */
  readonly copies?: number
  /** Settings of new topics, by Kafka's names. */
  readonly settings?: Readonly<Record<string, string>>
  /** Milliseconds without a word after which a group takes a member to be dead; brokers allow 6 s to 30 min by default. */
  readonly session?: number
  /** Milliseconds after which an append that got no answer rejects. */
  readonly deadline?: number
}

const SESSION = 10_000
const DEADLINE = 30_000
/** Milliseconds after which a topic's number of partitions is asked for again. */
const AGE = 30_000
const RETRIES = 20

/** The log in Kafka. Records are what CloudEvents' Kafka binding says, if those appended are; compression is left to brokers. */
export function kafkaTopics(options: KafkaTopicsOptions): Topics {
  const { prefix = '', member, session = SESSION, deadline = DEADLINE } = options
  const log = kafkaLog(options)
  const client = () => kafkaClient(options, RETRIES)
  const producer = kafkaProducer({ client, deadline })
  const partitions = new Map<string, { readonly count: number; readonly until: number }>()

  async function count(names: readonly string[]): Promise<Map<string, number>> {
    const { topics } = await log.describe(names)
    return new Map(topics.map(({ name, leaders }) => [name, leaders.length]))
  }
  async function partitionsOf(topic: string): Promise<number> {
    const known = partitions.get(topic)
    if (known && known.until > performance.now()) return known.count
    const found = (await count([topic])).get(topic)
    if (found === undefined) throw new PlatformError('not_found', `there is no topic ${topic}`)
    partitions.set(topic, { count: found, until: performance.now() + AGE })
    return found
  }

  return {
    ensure: (topics) =>
      makeTopics(
        { ...options, log },
        topics.map((topic) => ({ ...topic, name: `${prefix}${topic.name}` })),
      ),
    async append(topic, records) {
      const name = `${prefix}${topic}`
      const all = await partitionsOf(name)
      const shares = Map.groupBy(records, ({ key }) => partitionOf(key, all))
      const ended = await Promise.allSettled(
        [...shares].map(([partition, some]) => producer.append(name, partition, some)),
      )
      const failed = ended.find((one) => one.status === 'rejected')
      if (!failed) return
      partitions.delete(name)
      throw failed.reason
    },
    async join(group, topics, listener) {
      const own = { group: `${prefix}${group}`, member, session, prefix, log, assign: dealByName(count), client }
      return kafkaMember(own, topics, listener)
    },
    async bounds(topic, partition) {
      const name = `${prefix}${topic}`
      const [{ topics }, offsets] = await Promise.all([log.describe([name]), log.offsets(name, partition)])
      const [found] = topics
      if (!found) throw new PlatformError('not_found', `there is no topic ${name}`)
      return { ...offsets, identity: found.id }
    },
    async appendedAt(topic, partition, offset) {
      for (let from = offset; ; ) {
        const { firstAt, next } = await log.fetch(`${prefix}${topic}`, partition, from)
        if (firstAt || next <= from) return firstAt
        from = next
      }
    },
    // Kafka lets records go by itself.
    trim: async () => 0,
    async close() {
      await producer.close()
      await log.close()
    },
  }
}
