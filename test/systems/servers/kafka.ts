import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../../build/local/free-port.ts'
import { kafkaJars } from './kafka-jars.ts'
import type { KafkaNode, KafkaSecurity } from './kafka-properties.ts'
import { kafkaProperties } from './kafka-properties.ts'
import type { Server } from './server.ts'
import { startServer } from './server.ts'

export interface KafkaServers {
  /** `host:port` of each broker, for clients. */
  readonly addresses: readonly string[]
  /** The brokers in the order of their ids, which begin with 1. */
  readonly brokers: readonly Server[]
  stop(): Promise<void>
}

const CLUSTER = 'bWV6ei10ZXN0LWthZmthMQ'
const HEAP = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

/** Real brokers of Apache Kafka (KRaft) with their data in `folder`: one, or three that keep three copies. */
export async function startKafka(
  folder: string,
  { count = 1, security = {} }: { readonly count?: 1 | 3; readonly security?: KafkaSecurity } = {},
): Promise<KafkaServers> {
  const jars = kafkaJars()
  const nodes: KafkaNode[] = []
  for (let id = 1; id <= count; id++)
    nodes.push({ id, client: await freePort(), internal: await freePort(), controller: await freePort() })
  const scram = (security.users ?? []).flatMap(({ name, password }) =>
    [256, 512].flatMap((bits) => ['--add-scram', `SCRAM-SHA-${bits}=[name=${name},password=${password}]`]),
  )
  for (const node of nodes) {
    const own = join(folder, `${node.id}`)
    mkdirSync(own, { recursive: true })
    const properties = join(own, 'server.properties')
    writeFileSync(properties, kafkaProperties(node, { nodes, data: join(own, 'data'), security }))
    const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', properties]
    execFileSync('java', ['-cp', jars, ...format, ...scram], { stdio: 'pipe' })
  }
  const brokers = await Promise.all(nodes.map(({ id }) => startBroker(jars, join(folder, `${id}`))))
  return {
    addresses: nodes.map(({ client }) => `127.0.0.1:${client}`),
    brokers,
    async stop() {
      // The last of several has no quorum left to hand over to.
      await Promise.all(brokers.map((broker) => (count === 1 ? broker.stop() : broker.kill())))
    },
  }
}

async function startBroker(jars: string, folder: string): Promise<Server> {
  const log = join(folder, 'log')
  writeFileSync(log, '')
  /** Where the words of this start begin. */
  let from = 0
  const server = await startServer({
    command: 'java',
    args: [...HEAP, '-cp', jars, 'kafka.Kafka', join(folder, 'server.properties')],
    log,
    isReady: async () => readFileSync(log).subarray(from).includes('Kafka Server started'),
  })
  return {
    ...server,
    get pid() {
      return server.pid
    },
    async start() {
      from = statSync(log).size
      await server.start()
    },
  }
}
