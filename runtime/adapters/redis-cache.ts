import type { Cache } from '../cache.ts'
import { PlatformError } from '../errors.ts'
import { withSingleFlight } from '../single-flight.ts'
import type { RedisClient } from './redis-client.ts'

/** Milliseconds that a call waits for an answer, and for which a server that gave none is left alone. */
const WAIT = 100
const REST = 1000

export interface RedisCacheOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` over TLS. */
  readonly url: string
  /** Its keys begin with this name and a colon, so that a user of the server can be held to them (`~team:*`). */
  readonly team: string
  /** Certificates (PEM) to trust in place of the system's. */
  readonly ca?: string
  /** Told, in one line, when Redis goes away and why, when it is back, and when it refuses something new. */
  readonly notice?: (line: string) => void
}

export interface RedisCache extends Cache {
  /** Connects, which is otherwise begun by the first call; resolves when it is connected for the first time. */
  connect(): Promise<void>
  /** Lets the connection go; from then on everything is a miss. */
  close(): Promise<void>
}

/** A cache in Redis. A server that is away, slow, full or refuses is a miss within about 100 ms; the connection comes back by itself. */
export function redisCache({ url, team, ca, notice = () => {} }: RedisCacheOptions): RedisCache {
  checkUrl(url)
  let client: Promise<RedisClient> | undefined
  let connected: RedisClient | undefined
  let away: string | null = null
  let refusal = ''
  let restsUntil = 0
  let isClosed = false
  const ready = Promise.withResolvers<void>()

  const setAway = (reason: string | null) => {
    if ((reason === null) !== (away === null)) notice(reason === null ? 'Redis is back' : `Redis is away: ${reason}`)
    away = reason
  }
  const setRefusal = (reason: string) => {
    if (reason !== refusal) notice(`Redis refuses: ${reason}`)
    refusal = reason
  }
  const open = () => {
    client ??= import('./redis-client.ts').then(({ connectRedis }) => {
      const made = connectRedis({
        url,
        ...(ca === undefined ? {} : { ca }),
        onError: (error) => setAway(textOf(error)),
        onReady() {
          restsUntil = 0
          setAway(null)
          ready.resolve()
        },
      })
      connected = made
      if (isClosed) made.close()
      return made
    })
    return client
  }

  /** `null` where there is no answer that helps. */
  async function ask<answer>(command: (client: RedisClient) => Promise<answer>): Promise<answer | null> {
    if (isClosed) return null
    if (!connected) {
      void open()
      return null
    }
    if (!connected.isReady || performance.now() < restsUntil) return null
    const late = Promise.withResolvers<null>()
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      restsUntil = performance.now() + REST
      setAway(`no answer within ${WAIT} ms`)
      late.resolve(null)
    }, WAIT)
    const answered = command(connected).then(
      (answer) => {
        if (!isLate) setAway(null)
        return answer
      },
      (error) => {
        // A connection that breaks says so itself.
        if (connected?.isReady) setRefusal(textOf(error))
        return null
      },
    )
    try {
      return await Promise.race([late.promise, answered])
    } finally {
      clearTimeout(timer)
    }
  }

  const place = (key: string) => `${team}:${key}`
  return {
    ...withSingleFlight({
      get: (key) => ask((redis) => redis.get(place(key))),
      async set(key, value, seconds) {
        await ask((redis) => redis.set(place(key), value, Math.max(1, Math.round(seconds * 1000))))
      },
      async remove(key) {
        await ask((redis) => redis.remove(place(key)))
      },
    }),
    async connect() {
      await open()
      await ready.promise
    },
    async close() {
      isClosed = true
      connected?.close()
    },
  }
}

/** The name and the words of an error of the server or the connection; the address with its password is never one of them. */
function textOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : 'unknown'
}

function checkUrl(url: string): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (['redis:', 'rediss:'].includes(protocol)) return
  throw new PlatformError('invalid_input', 'the address of Redis must be redis://… or rediss://…')
}
