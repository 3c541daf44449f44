import { setTimeout as wait } from 'node:timers/promises'
import { PlatformError } from '../errors.ts'
import type { KafkaOptions } from './kafka-client.ts'
import { kafkaClient } from './kafka-client.ts'
import { translateKafka } from './kafka-errors.ts'
import type { KafkaLog } from './kafka-log.ts'

export interface MakeTopicsOptions extends KafkaOptions {
  readonly log: Pick<KafkaLog, 'describe'>
  readonly copies?: number
  readonly settings?: Readonly<Record<string, string>>
}

const RETRIES = 5
const LOOK_AGAIN = 100
/** What stands for the broker's own `default.replication.factor` (KIP-464). */
const BROKERS_DEFAULT = -1
/** Milliseconds until new topics must have their leaders. */
const MADE = 30_000

/** Makes the topics that are missing, and waits until every partition of all can be written to; asks for no right to make any where none is missing. */
export async function makeTopics(
  options: MakeTopicsOptions,
  topics: readonly { readonly name: string; readonly partitions: number }[],
): Promise<void> {
  const { log } = options
  const names = topics.map(({ name }) => name)
  const found = await log.describe(names)
  const known = new Set(found.topics.map(({ name }) => name))
  const missing = topics.filter(({ name }) => !known.has(name))
  if (missing.length === 0) return
  // Not by how many brokers are there: some may be missing just now.
  const copies = options.copies ?? BROKERS_DEFAULT
  const client = kafkaClient(options, RETRIES)
  const admin = client.admin()
  try {
    await admin.connect()
    await admin.createTopics({
      waitForLeaders: false,
      topics: missing.map(({ name, partitions }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor: copies,
        configEntries: Object.entries(settingsOf(copies, options.settings)).map(([name, value]) => ({ name, value })),
      })),
    })
  } catch (error) {
    throw translateKafka(error)
  } finally {
    await admin.disconnect()
    client.cut()
  }
  const end = performance.now() + MADE
  while (!(await areLed(log, names))) {
    if (performance.now() > end)
      throw new PlatformError('unavailable', `Kafka did not give leaders to ${names.join(', ')} within ${MADE} ms`)
    await wait(LOOK_AGAIN)
  }
}

/** With three copies or more, what is acknowledged lies on two brokers at least. */
function settingsOf(copies: number, settings: MakeTopicsOptions['settings']): Record<string, string> {
  return { ...(copies > 2 ? { 'min.insync.replicas': '2' } : {}), ...settings }
}

async function areLed(log: Pick<KafkaLog, 'describe'>, names: readonly string[]): Promise<boolean> {
  const { topics } = await log.describe(names)
  return topics.length === names.length && topics.every(({ leaders }) => leaders.every((leader) => leader >= 0))
}
