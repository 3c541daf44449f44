import type { Admin, Broker, Cluster, Consumer, ConsumerConfig, Producer, SASLOptions } from 'kafkajs'
import kafkajs from 'kafkajs'
import type { KafkaAssign } from './kafka-assign.ts'
import { quietKafkajs } from './kafka-idle.ts'
import type { KafkaRequest } from './kafka-requests.ts'
import type { KafkaConnect } from './kafka-sockets.ts'
import { kafkaSockets } from './kafka-sockets.ts'

export type { Admin, Broker, Cluster, Consumer, Producer, RecordMetadata } from 'kafkajs'

/** Where a Kafka is and how one gets in. */
export interface KafkaOptions {
  /** `host:port` of some of its brokers. */
  readonly brokers: readonly string[]
  readonly clientId?: string
  /** Given where connections are TLS: PEM texts of a private authority, and of a client's own certificate and key. */
  readonly tls?: { readonly authority?: string; readonly certificate?: string; readonly key?: string }
  readonly login?: KafkaLogin
  /** How connections are made: by TCP or TLS to the address itself, if not given. */
  readonly connect?: KafkaConnect
}

export interface KafkaLogin {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly user: string
  readonly password: string
}

/** One client of kafkajs, of which each use has its own: with a past of its own, and connections that can be cut. */
export interface KafkaClient {
  producer(): Producer
  consumer(config: KafkaMemberConfig): Consumer
  admin(): Admin
  /** What it knows of the cluster, and its connections. */
  cluster(): Cluster
  /** The last error that it wrote down, for it tells some to nobody else. */
  lastWords(): string | undefined
  /** Ends its connections; it makes no new ones. */
  cut(): void
}

export interface KafkaMemberConfig {
  readonly group: string
  /** What of this member the one who deals the partitions out is told. */
  readonly userData: Buffer
  readonly assign: KafkaAssign
  /** Milliseconds without a word after which the group takes a member to be dead. */
  readonly session: number
}

const CONNECT = 3000
/** Milliseconds for one request; a join or a fetch may take its own time beside. */
const REQUEST = 15_000
const METADATA_AGE = 30_000
/** Bytes of a partition in one answer: more than what a producer sends at once is worth. */
const PART = 262_144
/** Milliseconds that the broker waits for records. */
const POLL = 500
const { AssignerProtocol, Kafka, Partitioners, logLevel } = kafkajs
quietKafkajs()

/** Connects with its first use; `retries` are those of a connection or request, from 0.2 to 1 s apart. */
export function kafkaClient(options: KafkaOptions, retries: number): KafkaClient {
  const sockets = kafkaSockets(options.connect)
  const retry = { initialRetryTime: 200, maxRetryTime: 1000, retries }
  let last: string | undefined
  const { tls, login } = options
  const kafka = new Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId ?? 'mezz',
    connectionTimeout: CONNECT,
    requestTimeout: REQUEST,
    retry,
    logLevel: logLevel.ERROR,
    logCreator:
      () =>
      ({ log }) => {
        last = typeof log['error'] === 'string' ? `${log.message}: ${log['error']}` : log.message
      },
    socketFactory: ({ host, port, ssl, onConnect }) =>
      sockets.connect({ host, port, ...(ssl ? { tls: ssl } : {}) }, onConnect),
    ...(tls ? { ssl: tlsOf(tls) } : {}),
    ...(login ? { sasl: saslOf(login) } : {}),
  })

  return {
    producer: () =>
      kafka.producer({
        idempotent: true,
        createPartitioner: Partitioners.DefaultPartitioner,
        allowAutoTopicCreation: false,
        metadataMaxAge: METADATA_AGE,
      }),
    consumer: (config) => kafka.consumer(consumerConfig(config, retry)),
    admin: () => kafka.admin(),
    cluster: () => clusterOf((partitionAssigners) => kafka.consumer({ groupId: 'mezz', partitionAssigners })),
    lastWords: () => last,
    cut: sockets.cut,
  }
}

/** Sends a request that kafkajs has no words for. */
export async function askBroker<answer>(broker: Broker, request: KafkaRequest<answer>): Promise<answer> {
  // kafkajs 2.2.4, src/broker/index.js: what all requests of a broker go through; its types do not tell of it.
  const { connectionPool } = broker as Broker & WithConnections
  const { apiKey, apiVersion, apiName, body } = request
  const { answer } = await connectionPool.send<{ readonly answer: answer }>({
    request: { apiKey, apiVersion, apiName, encode: async () => ({ buf: body, buffer: body }) },
    response: { decode: async (payload) => ({ answer: request.read(payload) }), parse: async (decoded) => decoded },
  })
  return answer
}

interface WithConnections {
  readonly connectionPool: {
    send<decoded>(request: {
      readonly request: {
        readonly apiKey: number
        readonly apiVersion: number
        readonly apiName: string
        /** What src/protocol/encoder.js takes for one of its own. */
        encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>
      }
      readonly response: { decode(payload: Buffer): Promise<decoded>; parse(decoded: decoded): Promise<decoded> }
    }): Promise<decoded>
  }
}

function tlsOf({ authority, certificate, key }: NonNullable<KafkaOptions['tls']>) {
  return {
    ...(authority === undefined ? {} : { ca: authority }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
  }
}

function saslOf({ mechanism, user: username, password }: KafkaLogin): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password }
    case 'scram-sha-256':
      return { mechanism, username, password }
    case 'scram-sha-512':
      return { mechanism, username, password }
  }
}

function consumerConfig(
  { group, userData, assign, session }: KafkaMemberConfig,
  retry: NonNullable<ConsumerConfig['retry']>,
): ConsumerConfig {
  const { MemberMetadata, MemberAssignment } = AssignerProtocol
  const [name, version] = ['mezz', 1]
  return {
    groupId: group,
    sessionTimeout: session,
    rebalanceTimeout: 3 * session,
    heartbeatInterval: session / 5,
    maxWaitTimeInMs: POLL,
    maxBytesPerPartition: PART,
    metadataMaxAge: METADATA_AGE,
    allowAutoTopicCreation: false,
    // A client that gave up is replaced by a new one; it would not always come back itself.
    retry: { ...retry, restartOnFailure: async () => false },
    partitionAssigners: [
      () => ({
        name,
        version,
        protocol: ({ topics }) => ({ name, metadata: MemberMetadata.encode({ version, topics, userData }) }),
        async assign({ members }) {
          const known = members.flatMap(({ memberId: id, memberMetadata }) => {
            const decoded = MemberMetadata.decode(memberMetadata)
            return decoded ? [{ id, topics: decoded.topics, userData: decoded.userData }] : []
          })
          return [...(await assign(known))].map(([memberId, assignment]) => ({
            memberId,
            memberAssignment: MemberAssignment.encode({ version, assignment, userData: Buffer.alloc(0) }),
          }))
        },
      }),
    ],
  }
}

/** kafkajs hands its cluster to those who deal partitions out, when a consumer is made; this one never joins. */
function clusterOf(make: (assigners: NonNullable<ConsumerConfig['partitionAssigners']>) => unknown): Cluster {
  let found: Cluster | undefined
  make([
    ({ cluster }) => {
      found = cluster
      return { name: '', version: 0, assign: async () => [], protocol: () => ({ name: '', metadata: Buffer.alloc(0) }) }
    },
  ])
  if (!found) throw new Error('kafkajs gave no cluster to its assigner')
  return found
}
