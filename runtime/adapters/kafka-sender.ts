import type { LogRecord } from '../topics.ts'
import type { KafkaClient, RecordMetadata } from './kafka-client.ts'

/** One producer of kafkajs, used until its first failure and no longer. */
export interface KafkaSender {
  /** Answers the offset of the first record, which lies beyond `last`; rejects where the broker's answer is not exactly that all are stored. */
  send(topic: string, partition: number, records: readonly Omit<LogRecord, 'offset'>[], last: number): Promise<number>
  /** Resolves when nothing that was sent can arrive any more: others' sends have ended, or all connections are cut. */
  retire(reason: unknown): Promise<void>
  close(): Promise<void>
}

const ALL_IN_SYNC = -1
/** Milliseconds that a broker waits for its copies. */
const COPIES = 10_000

/** Milliseconds that a farewell may take. */
const END = 2000

/** A send that passed its deadline, and may go on by itself. */
class TooLate extends Error {}

export function openKafkaSender(client: KafkaClient, deadline: number): KafkaSender {
  const producer = client.producer()
  const sending = new Set<Promise<unknown>>()
  let connecting: Promise<void> | undefined
  let retiring = Promise.resolve()
  let isRetired = false

  async function sent(
    topic: string,
    partition: number,
    records: readonly Omit<LogRecord, 'offset'>[],
  ): Promise<RecordMetadata[]> {
    connecting ??= producer.connect()
    await connecting
    const messages = records.map(({ key, headers, value }) => ({ key, headers, value, partition }))
    return producer.send({ topic, acks: ALL_IN_SYNC, timeout: COPIES, messages })
  }
  /** Lets others' sends end; where one goes on that nobody waits for, it must not arrive any more. */
  async function end(isLate: boolean): Promise<void> {
    await Promise.allSettled(sending)
    if (isLate) client.cut()
    const gone = producer.disconnect().catch(() => undefined)
    if (isLate) return
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, END).unref())])
    client.cut()
  }

  return {
    async send(topic, partition, records, last) {
      const late = () => new TooLate(`Kafka did not answer within ${deadline} ms: ${client.lastWords() ?? 'no word'}`)
      const work = within(deadline, sent(topic, partition, records), late)
      sending.add(work)
      try {
        return checked(await work, { topic, partition, last })
      } finally {
        sending.delete(work)
      }
    },
    retire(reason) {
      const isLate = reason instanceof TooLate
      if (isLate || !isRetired) retiring = end(isLate)
      isRetired = true
      // What was only rejected is not on its way any more.
      return isLate ? retiring : Promise.resolve()
    },
    close: () => end(false),
  }
}

/** The offset of the first record, if the answer is of this partition alone, says that all is well, and repeats nothing. */
function checked(
  answers: readonly RecordMetadata[],
  { topic, partition, last }: { readonly topic: string; readonly partition: number; readonly last: number },
): number {
  const [answer, ...others] = answers
  const isOfAll = answer && others.length === 0 && answer.partition === partition && answer.topicName === topic
  if (!isOfAll || answer.errorCode !== 0)
    throw new Error(`Kafka did not say that ${topic}/${partition} was written: ${JSON.stringify(answers)}`)
  const first = Number(answer.baseOffset)
  if (!(first > last))
    throw new Error(`Kafka says that ${topic}/${partition} was written at ${first}, and had written ${last} before`)
  return first
}

async function within<result>(milliseconds: number, work: Promise<result>, late: () => Error): Promise<result> {
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), milliseconds)
  })
  // When it is late nobody hears of its end.
  work.catch(() => undefined)
  try {
    return await Promise.race([work, passed])
  } finally {
    clearTimeout(timer)
  }
}
