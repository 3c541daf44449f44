import { kafkaBytes, kafkaReader } from './kafka-bytes.ts'

/** A request of Kafka's protocol that kafkajs does not know in this version, and how its answer is read. */
export interface KafkaRequest<answer> {
  readonly apiKey: number
  readonly apiVersion: number
  readonly apiName: string
  readonly body: Buffer
  read(payload: Buffer): answer
}

/** What a cluster says of itself. */
export interface KafkaMetadata {
  readonly brokers: number
  readonly topics: readonly TopicMetadata[]
}

export interface TopicMetadata {
  readonly name: string
  /** 0, or what is wrong with it. */
  readonly errorCode: number
  /** Given to it when it was made, and to no other. */
  readonly id: string
  /** The leader of each partition, or -1. */
  readonly leaders: readonly number[]
}

const NO_ID = '0'.repeat(32)

/** Metadata, version 10: the first that tells a topic's id (Kafka 2.8, KIP-516). */
export function metadataRequest(topics: readonly string[]): KafkaRequest<KafkaMetadata> {
  const { compactArray, compactString, boolean, uuid, tags } = kafkaBytes
  const named = topics.map((name) => Buffer.concat([uuid(NO_ID), compactString(name), tags]))
  return {
    apiKey: 3,
    apiVersion: 10,
    apiName: 'Metadata',
    // The header of this version ends with tags, which kafkajs does not write.
    body: Buffer.concat([tags, compactArray(named), boolean(false), boolean(false), boolean(false), tags]),
    read(payload) {
      const from = kafkaReader(payload)
      from.tags()
      from.int32()
      const brokers = from.compactArray(() => {
        from.int32()
        from.compactString()
        from.int32()
        from.compactString()
        from.tags()
      }).length
      from.compactString()
      from.int32()
      const found = from.compactArray((): TopicMetadata => {
        const errorCode = from.int16()
        const name = from.compactString()
        const id = from.uuid()
        from.boolean()
        const partitions = from.compactArray(() => {
          from.int16()
          const partition = from.int32()
          const leader = from.int32()
          from.int32()
          for (let lists = 3; lists > 0; lists--) from.compactArray(from.int32)
          from.tags()
          return { partition, leader }
        })
        from.int32()
        from.tags()
        const leaders = partitions.sort((a, b) => a.partition - b.partition).map(({ leader }) => leader)
        return { name, errorCode, id, leaders }
      })
      return { brokers, topics: found }
    },
  }
}

/** `earliest` is the first offset that is there, `latest` the one that the next record gets. */
export type OffsetAt = 'earliest' | 'latest'

export interface ListedOffset {
  readonly errorCode: number
  readonly offset: number
}

/** ListOffsets, version 2, for one partition. */
export function listOffsetsRequest(topic: string, partition: number, at: OffsetAt): KafkaRequest<ListedOffset> {
  const { int32, int64, string, boolean } = kafkaBytes
  const one = int32(1)
  const [replica, readUncommitted] = [int32(-1), boolean(false)]
  const when = int64(at === 'earliest' ? -2 : -1)
  return {
    apiKey: 2,
    apiVersion: 2,
    apiName: 'ListOffsets',
    body: Buffer.concat([replica, readUncommitted, one, string(topic), one, int32(partition), when]),
    read(payload) {
      const from = kafkaReader(payload)
      from.int32()
      const [listed] = from.array(() => {
        from.string()
        return from.array(() => {
          from.int32()
          const errorCode = from.int16()
          from.int64()
          return { errorCode, offset: from.int64() }
        })
      })
      if (!listed?.[0]) throw new Error(`no offset of ${topic}/${partition} in the answer of ListOffsets`)
      return listed[0]
    },
  }
}
