import { createClient, RESP_TYPES } from '@redis/client'

/** Milliseconds between attempts to connect, at most, and how long one may take. */
const SLOWEST = 2000
const CONNECT = 2000
/** A connection over which nothing comes for longer than a few pings (milliseconds) is dead, though nobody said so. */
const PING = 5000
const DEAD = 12_000
/** Commands on their way; more are refused. */
const MOST_COMMANDS = 1000

export interface RedisClientOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` over TLS. */
  readonly url: string
  /** Certificates (PEM) to trust in place of the system's. */
  readonly ca?: string
  /** Each failure, until it is connected again. */
  readonly onError: (error: unknown) => void
  readonly onReady: () => void
}

/** The few commands of a cache, on a connection that comes back by itself; while it is away every command fails at once. */
export interface RedisClient {
  readonly isReady: boolean
  get(key: string): Promise<Uint8Array | null>
  set(key: string, value: Uint8Array | string, milliseconds: number): Promise<void>
  remove(key: string): Promise<void>
  close(): void
}

/** Begins to connect, and goes on until it is closed. */
export function connectRedis({ url, ca, onError, onReady }: RedisClientOptions): RedisClient {
  const reconnectStrategy = (retries: number) =>
    Math.min(50 * 2 ** Math.min(retries, 10), SLOWEST) * (0.5 + Math.random() / 2)
  const common = { reconnectStrategy, connectTimeout: CONNECT, socketTimeout: DEAD }
  const client = createClient({
    url,
    socket: ca === undefined ? common : { ...common, tls: true, ca },
    disableOfflineQueue: true,
    commandsQueueMaxLength: MOST_COMMANDS,
    pingInterval: PING,
    // A team's user may run the commands of a cache and no others.
    disableClientInfo: true,
    maintNotifications: 'disabled',
  })
  client.on('error', onError)
  client.on('ready', onReady)
  client.connect().catch(onError)
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })

  return {
    get isReady() {
      return client.isReady
    },
    get: (key) => binary.get(key),
    async set(key, value, milliseconds) {
      const bytes = typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      await client.set(key, bytes, { expiration: { type: 'PX', value: milliseconds } })
    },
    async remove(key) {
      await client.unlink(key)
    },
    close() {
      client.destroy()
    },
  }
}
