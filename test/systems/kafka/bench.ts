import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KafkaOptions } from '../../../runtime/adapters/kafka-client.ts'
import { connectKafka, kafkaSockets } from '../../../runtime/adapters/kafka-sockets.ts'
import type { KafkaTopicsOptions } from '../../../runtime/adapters/kafka-topics.ts'
import { kafkaTopics } from '../../../runtime/adapters/kafka-topics.ts'
import type { TopicsBench } from '../../conformance/topics.ts'
import type { KafkaServers } from '../servers/kafka.ts'
import { startKafka } from '../servers/kafka.ts'
import { abortTransaction, admin } from './by-hand.ts'

/** Shorter than by default, so that what is given up is given up soon: the least that a broker allows. */
export const SESSION = 6000
const DEADLINE = 8000

/** What the suite of the port needs of real brokers; of several all are ended at an outage. */
export async function kafkaBench({
  count = 1,
  options = {},
  security = {},
}: Parameters<typeof startKafka>[1] & { readonly options?: Partial<KafkaTopicsOptions> } = {}): Promise<
  TopicsBench & { readonly servers: KafkaServers; readonly options: KafkaOptions }
> {
  const folder = mkdtempSync(join(tmpdir(), 'mezz-kafka-'))
  const servers = await startKafka(folder, { count, security })
  const kafka: KafkaOptions = { brokers: servers.addresses, ...options }
  const prefix = options.prefix ?? ''
  const open = (member: string, connect = connectKafka) =>
    kafkaTopics({ session: SESSION, deadline: DEADLINE, ...kafka, ...options, member, connect })
  const writer = open('bench')

  return {
    servers,
    options: kafka,
    trims: false,
    async open(member) {
      // What a process that is gone does: its connections end, and it makes no others.
      const sockets = kafkaSockets()
      const topics = open(member, (to) => sockets.connect(to, () => undefined))
      return { topics, die: async () => sockets.cut(), close: () => topics.close() }
    },
    gap: (topic, partition) => abortTransaction(kafka, `${prefix}${topic}`, partition),
    async truncate(topic, partition, low) {
      await admin(kafka, async (hand) => {
        await hand.fetchTopicMetadata({ topics: [`${prefix}${topic}`] })
        await hand.deleteTopicRecords({ topic: `${prefix}${topic}`, partitions: [{ partition, offset: `${low}` }] })
      })
    },
    async remake(topic, partitions) {
      await admin(kafka, (hand) => hand.deleteTopics({ topics: [`${prefix}${topic}`] }))
      await writer.ensure([{ name: topic, partitions }])
    },
    async outage(meanwhile) {
      await Promise.all(servers.brokers.map((broker) => broker.kill()))
      await meanwhile()
      await Promise.all(servers.brokers.map((broker) => broker.start()))
    },
    async close() {
      await writer.close()
      await servers.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
