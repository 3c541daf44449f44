import { setTimeout as wait } from 'node:timers/promises'
import { PlatformError } from '../errors.ts'
import type { LogRecord } from '../topics.ts'
import type { Broker, Cluster, KafkaOptions } from './kafka-client.ts'
import { askBroker, kafkaClient } from './kafka-client.ts'
import { isOutOfRange, isPassing, translateKafka } from './kafka-errors.ts'
import type { AbortedTransaction, RawMessage } from './kafka-records.ts'
import { toLogRecord, visible } from './kafka-records.ts'
import type { KafkaMetadata, ListedOffset, OffsetAt, TopicMetadata } from './kafka-requests.ts'
import { listOffsetsRequest, metadataRequest } from './kafka-requests.ts'

/** The log as it is, asked at exact places: what it answers is true whoever asks, and moves nothing. */
export interface KafkaLog {
  /** Of these topics those that are there. */
  describe(topics: readonly string[]): Promise<{ readonly brokers: number; readonly topics: readonly TopicMetadata[] }>
  /** First offset still there, and the one that the next record gets. */
  offsets(topic: string, partition: number): Promise<{ readonly low: number; readonly high: number }>
  /** What is there now from an offset on. */
  fetch(topic: string, partition: number, from: number): Promise<KafkaFetched>
  close(): Promise<void>
}

export interface KafkaFetched {
  readonly records: readonly LogRecord[]
  /** When the first of them was appended. */
  readonly firstAt: Date | null
  /** Where to go on: between the offset that was asked for and this one there is nothing but these records. */
  readonly next: number
  /** The log's end, where the offset lies above it: a consumer that is sent there would begin anew. */
  readonly end: number | null
}

const RETRIES = 1
const TRY_AGAIN = 100
/** Milliseconds after which no other try is begun. */
const TRY = 2000
/** Bytes of one answer. */
const BYTES = 2 ** 19
const READ_COMMITTED = 1
const UNKNOWN_TOPIC = 3

export function kafkaLog(options: KafkaOptions): KafkaLog {
  const client = kafkaClient(options, RETRIES)
  const leaders = new Map<string, readonly number[]>()
  let connecting: Promise<Cluster> | undefined

  function connected(): Promise<Cluster> {
    connecting ??= connect().catch((error: unknown) => {
      connecting = undefined
      throw error
    })
    return connecting
  }
  async function connect(): Promise<Cluster> {
    const cluster = client.cluster()
    await cluster.connect()
    await cluster.refreshMetadata()
    return cluster
  }
  /** Looks anew where things are, as often as an answer says so. */
  async function trying<result>(work: (cluster: Cluster) => Promise<result>): Promise<result> {
    const end = performance.now() + TRY
    for (;;) {
      try {
        return await work(await connected())
      } catch (error) {
        if (performance.now() > end || !isPassing(error)) throw translateKafka(error)
        leaders.clear()
        await wait(TRY_AGAIN)
        await connecting?.then((cluster) => cluster.refreshMetadata()).catch(() => undefined)
      }
    }
  }
  async function metadata(cluster: Cluster, topics: readonly string[]): Promise<KafkaMetadata> {
    const answer = await askBroker(await cluster.findControllerBroker(), metadataRequest(topics))
    for (const { name, errorCode } of answer.topics) {
      if (errorCode !== 0 && errorCode !== UNKNOWN_TOPIC) throw new KafkaAnswer('Metadata', name, errorCode)
    }
    for (const topic of answer.topics) leaders.set(topic.name, topic.leaders)
    return answer
  }
  async function leader(cluster: Cluster, topic: string, partition: number): Promise<Broker> {
    if (!leaders.has(topic)) await metadata(cluster, [topic])
    const nodeId = leaders.get(topic)?.[partition]
    if (nodeId === undefined) throw new PlatformError('not_found', `there is no partition ${partition} of ${topic}`)
    if (nodeId < 0) throw new KafkaAnswer('Metadata', topic, LEADER_NOT_AVAILABLE)
    return cluster.findBroker({ nodeId: `${nodeId}` })
  }
  async function listed(cluster: Cluster, topic: string, partition: number, at: OffsetAt): Promise<number> {
    const broker = await leader(cluster, topic, partition)
    const { errorCode, offset }: ListedOffset = await askBroker(broker, listOffsetsRequest(topic, partition, at))
    if (errorCode !== 0) throw new KafkaAnswer('ListOffsets', topic, errorCode)
    return offset
  }
  function offsets(topic: string, partition: number): ReturnType<KafkaLog['offsets']> {
    return trying(async (cluster) => {
      const both = (['earliest', 'latest'] as const).map((at) => listed(cluster, topic, partition, at))
      const [low = 0, high = 0] = await Promise.all(both)
      return { low, high }
    })
  }
  function fetched(topic: string, partition: number, from: number): Promise<KafkaFetched> {
    return trying(async (cluster) => {
      const broker = await leader(cluster, topic, partition)
      // src/protocol/requests/fetch/v11/response.js
      const answer: FetchAnswer = await broker.fetch({
        isolationLevel: READ_COMMITTED,
        maxWaitTime: 0,
        maxBytes: BYTES,
        topics: [{ topic, partitions: [{ partition, fetchOffset: `${from}`, maxBytes: BYTES }] }],
      })
      const part = answer.responses[0]?.partitions[0]
      const messages = (part?.messages ?? []).filter(({ offset }) => Number(offset) >= from)
      const seen = visible(messages, part?.abortedTransactions ?? [])
      return {
        records: seen.map(toLogRecord),
        firstAt: seen[0] ? new Date(Number(seen[0].timestamp)) : null,
        next: Number(messages.at(-1)?.offset ?? from - 1) + 1,
        end: null,
      }
    })
  }

  return {
    describe: (topics) =>
      trying(async (cluster) => {
        const answer = await metadata(cluster, topics)
        return { ...answer, topics: answer.topics.filter(({ errorCode }) => errorCode === 0) }
      }),
    offsets,
    async fetch(topic, partition, from) {
      try {
        return await fetched(topic, partition, from)
      } catch (error) {
        if (!isOutOfRange(error)) throw error
        // Below the log's start it begins at the start; above its end there is nothing.
        const { low, high } = await offsets(topic, partition)
        return { records: [], firstAt: null, next: Math.max(low, from), end: from > high ? high : null }
      }
    },
    async close() {
      const cluster = await connecting?.catch(() => undefined)
      await cluster?.disconnect()
      client.cut()
    },
  }
}

const LEADER_NOT_AVAILABLE = 5
/** LEADER_NOT_AVAILABLE, NOT_LEADER_FOR_PARTITION, REQUEST_TIMED_OUT, … and a topic that not every broker knows yet. */
const RETRIABLE: readonly number[] = [UNKNOWN_TOPIC, LEADER_NOT_AVAILABLE, 6, 7, 9, 13, 56, 74, 75, 76, 78]
const AUTHORIZATION = new Map([
  [29, 'TOPIC_AUTHORIZATION_FAILED'],
  [31, 'CLUSTER_AUTHORIZATION_FAILED'],
])

/** A broker's refusal, in the form of kafkajs' own. */
class KafkaAnswer extends Error {
  readonly type: string
  readonly retriable: boolean

  constructor(request: string, topic: string, code: number) {
    super(
      `Kafka answers ${request} of ${topic} with error ${code} (https://kafka.apache.org/protocol#protocol_error_codes)`,
    )
    this.name = 'KafkaAnswer'
    this.type = AUTHORIZATION.get(code) ?? `${code}`
    this.retriable = RETRIABLE.includes(code)
  }
}

interface FetchAnswer {
  readonly responses: readonly {
    readonly partitions: readonly {
      readonly messages: readonly RawMessage[]
      readonly abortedTransactions: readonly AbortedTransaction[] | null
    }[]
  }[]
}
