import { PlatformError } from '../errors.ts'
import type { LogRecord } from '../topics.ts'
import type { KafkaClient } from './kafka-client.ts'
import { kindsOf, translateKafka } from './kafka-errors.ts'
import type { Lot } from './kafka-lots.ts'
import { cutIntoLots, gather, halves } from './kafka-lots.ts'
import type { KafkaSender } from './kafka-sender.ts'
import { openKafkaSender } from './kafka-sender.ts'

export type NewRecord = Omit<LogRecord, 'offset'>

/** Appends records to partitions: what it acknowledges is stored once, in its order; what it rejects may be stored or not. */
export interface KafkaProducer {
  /** Records of one partition, in this order; waits while too much is on its way. */
  append(topic: string, partition: number, records: readonly NewRecord[]): Promise<void>
  /** Lets what is on its way end. */
  close(): Promise<void>
}

export interface KafkaProducerOptions {
  client(): KafkaClient
  /** Milliseconds after which a send counts as failed. */
  readonly deadline: number
}

interface Queue {
  readonly waiting: Lot[]
  isSending: boolean
  /** The first offset of what was stored last. */
  last: number
}

/** Bytes on their way at most, beside one append that is larger. */
const MOST = 16 * 2 ** 20

export function kafkaProducer(options: KafkaProducerOptions): KafkaProducer {
  const queues = new Map<string, Queue>()
  const full: (() => void)[] = []
  let onTheirWay = 0
  let sender: KafkaSender | undefined

  async function room(bytes: number): Promise<void> {
    while (onTheirWay > 0 && onTheirWay + bytes > MOST) await new Promise<void>((resolve) => full.push(resolve))
    onTheirWay += bytes
  }
  function leave(bytes: number): void {
    onTheirWay -= bytes
    for (const resolve of full.splice(0)) resolve()
  }

  /** One send after the other, each with what has gathered meanwhile. */
  async function drain(topic: string, partition: number, queue: Queue): Promise<void> {
    queue.isSending = true
    while (queue.waiting.length > 0) {
      const lots = gather(queue.waiting)
      const records = lots.flatMap((lot) => lot.records)
      try {
        await store(topic, partition, records, queue)
        for (const lot of lots) lot.stored()
      } catch (error) {
        for (const lot of lots) lot.failed(translateKafka(error))
        // What an append has behind what failed would overtake it when that is appended again.
        const appends = new Set(lots.map(({ append }) => append))
        for (const lot of queue.waiting.splice(0)) {
          if (appends.has(lot.append)) lot.failed(translateKafka(error))
          else queue.waiting.push(lot)
        }
      }
    }
    queue.isSending = false
  }
  async function store(topic: string, partition: number, records: readonly NewRecord[], queue: Queue): Promise<void> {
    sender ??= openKafkaSender(options.client(), options.deadline)
    const own = sender
    try {
      queue.last = await own.send(topic, partition, records, queue.last)
    } catch (error) {
      // kafkajs gives the numbers of what failed to what comes next, which the broker then takes for repeats.
      if (sender === own) sender = undefined
      queue.last = -1
      await own.retire(error)
      if (!kindsOf(error).includes('MESSAGE_TOO_LARGE')) throw error
      const [first, second] = halves(records)
      if (!second)
        throw new PlatformError('too_large', `a record of ${topic} is larger than Kafka takes`, { cause: error })
      await store(topic, partition, first, queue)
      await store(topic, partition, second, queue)
    }
  }

  return {
    async append(topic, partition, records) {
      const lots = cutIntoLots(records)
      const bytes = lots.reduce((total, lot) => total + lot.bytes, 0)
      await room(bytes)
      try {
        const place = `${topic}/${partition}`
        const queue = queues.get(place) ?? { waiting: [], isSending: false, last: -1 }
        queues.set(place, queue)
        queue.waiting.push(...lots)
        if (!queue.isSending) void drain(topic, partition, queue)
        await Promise.all(lots.map(({ ended }) => ended))
      } finally {
        leave(bytes)
      }
    },
    async close() {
      await Promise.allSettled([...queues.values()].flatMap(({ waiting }) => waiting.map(({ ended }) => ended)))
      await sender?.close()
    },
  }
}
