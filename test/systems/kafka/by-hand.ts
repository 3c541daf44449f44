import type { Admin } from 'kafkajs'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import type { KafkaOptions } from '../../../runtime/adapters/kafka-client.ts'

/** A client of the tests' own, beside the adapter. */
export function byHand({ brokers }: KafkaOptions): Kafka {
  return new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { retries: 10 } })
}

export async function admin<result>(options: KafkaOptions, work: (admin: Admin) => Promise<result>): Promise<result> {
  const hand = byHand(options).admin()
  await hand.connect()
  try {
    return await work(hand)
  } finally {
    await hand.disconnect()
  }
}

/** Writes a record that no reader gets to see, and the marker that says so: two offsets. */
export async function abortTransaction(options: KafkaOptions, topic: string, partition: number): Promise<void> {
  const producer = byHand(options).producer({
    transactionalId: `abort ${topic}/${partition}`,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  try {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ key: 'k', value: 'never', partition }] })
    await transaction.abort()
  } finally {
    await producer.disconnect()
  }
}
