import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { RedisCache, RedisCacheOptions } from '../../../runtime/adapters/redis-cache.ts'
import { redisCache } from '../../../runtime/adapters/redis-cache.ts'
import { PlatformError } from '../../../runtime/errors.ts'
import { testCache } from '../../conformance/cache.ts'
import { eventually } from '../../platform/eventually.ts'
import { startProxy } from '../servers/proxy.ts'
import { startRedis } from '../servers/redis.ts'
import { redisCommand, redisCount } from '../servers/redis-command.ts'

/** Milliseconds that no call may take with the server in any state: the adapter's 100 and what a busy machine adds. */
const SOON = 1000

const folder = mkdtempSync(join(tmpdir(), 'mezz-redis-'))
const redis = await startRedis(join(folder, 'one'))
const opened: RedisCache[] = []
after(async () => {
  for (const cache of opened) await cache.close()
  await redis.kill()
  rmSync(folder, { recursive: true, force: true })
})

const text = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString()
const newTeam = () => `team-${randomUUID()}`

async function open(given: Partial<RedisCacheOptions> = {}): Promise<RedisCache> {
  const cache = redisCache({ url: redis.url, team: newTeam(), ...given })
  opened.push(cache)
  await cache.connect()
  return cache
}

async function soon<answer>(work: () => Promise<answer>): Promise<answer> {
  const begun = performance.now()
  const answer = await work()
  const took = performance.now() - begun
  assert.ok(took < SOON, `it took ${Math.round(took)} ms`)
  return answer
}

/** Every call is a miss and none an error or a wait; a load gives what the cache does not. */
async function allMisses(cache: RedisCache): Promise<void> {
  await soon(() => cache.set('a', 'lost', 60))
  await soon(() => cache.remove('a'))
  assert.equal(await soon(() => cache.get('kept')), null)
  assert.equal(text(await soon(() => cache.through('kept', 60, async () => 'loaded'))), 'loaded')
}

const back = (cache: RedisCache, value: string) =>
  eventually('the cache is back', async () => {
    await cache.set('probe', value, 60)
    return text(await cache.get('probe')) === value
  })

testCache('Redis', () => open())

describe('a cache in Redis', () => {
  it('moves the counters of the server: one key, a miss and a hit', async () => {
    const cache = await open()
    const [hits, misses] = [
      await redisCount(redis.port, 'keyspace_hits'),
      await redisCount(redis.port, 'keyspace_misses'),
    ]

    await cache.through('a', 60, async () => 'value')
    await cache.through('a', 60, async () => 'another')

    assert.equal(await redisCount(redis.port, 'keyspace_hits'), hits + 1)
    assert.equal(await redisCount(redis.port, 'keyspace_misses'), misses + 1)
  })

  it('keeps a key under its team, with its time to live, and apart from a team whose name begins so', async () => {
    const team = newTeam()
    const [cache, other] = [await open({ team }), await open({ team: `${team}2` })]

    await cache.set('2:a', 'mine', 60)

    const left = Number((await redisCommand(redis.port, 'PTTL', `${team}:2:a`)).slice(1))
    assert.ok(left > 0 && left <= 60_000, `${left}`)
    assert.equal(await other.get('a'), null)
    assert.equal(await other.get('2:a'), null)
  })

  it('is a miss while the server is dead, and comes back by itself', async () => {
    const told: string[] = []
    const cache = await open({ notice: (line) => told.push(line) })
    await cache.set('kept', 'value', 60)

    await redis.kill()
    await allMisses(cache)
    await eventually('it is told', async () => told.length > 0)
    await redis.start()
    await back(cache, 'again')

    assert.match(told[0] ?? '', /^Redis is away: /)
    assert.equal(told.at(-1), 'Redis is back')
  })

  it('is a miss on a half-open connection and on one that breaks, and comes back by itself', async () => {
    const proxy = await startProxy(redis.port)
    try {
      const cache = await open({ url: `redis://127.0.0.1:${proxy.port}` })
      await cache.set('kept', 'value', 60)

      proxy.hold()
      await allMisses(cache)
      proxy.release()
      await back(cache, 'released')
      proxy.cut()
      await allMisses(cache)
      proxy.mend()
      await back(cache, 'mended')
    } finally {
      await proxy.close()
    }
  })

  it('is a miss before there is a server at all', async () => {
    const cache = redisCache({ url: 'redis://127.0.0.1:9', team: 'a' })
    opened.push(cache)

    await allMisses(cache)
  })

  for (const [how, hold, go] of [
    // Nobody can end such a pause before its time, here 3 s.
    ['pauses its clients', () => redisCommand(redis.port, 'CLIENT', 'PAUSE', '3000', 'ALL'), async () => {}],
    ['hangs', async () => redis.pause(), async () => redis.resume()],
  ] as const) {
    it(`is a miss while the server ${how}, and asks it seldom`, async () => {
      const cache = await open()
      await cache.set('kept', 'value', 60)

      await hold()
      try {
        await allMisses(cache)
        const begun = performance.now()
        for (let asked = 0; asked < 50; asked++) await cache.get('kept')
        assert.ok(performance.now() - begun < 50 * 100 * 0.5, 'fifty calls wait less than fifty times')
      } finally {
        await go()
      }

      await back(cache, how)
    })
  }

  it('is a miss where the server is full, and tells why once', async () => {
    const full = await startRedis(join(folder, 'full'), ['maxmemory 3mb', 'maxmemory-policy noeviction'])
    try {
      const told: string[] = []
      const cache = await open({ url: full.url, notice: (line) => told.push(line) })
      const value = new Uint8Array(100_000)

      for (let index = 0; index < 60; index++) await soon(() => cache.set(`${index}`, value, 60))

      assert.equal(await soon(() => cache.get('59')), null)
      assert.equal((await cache.get('0'))?.length, value.length)
      assert.equal(told.length, 1)
      assert.match(told[0] ?? '', /^Redis refuses: OOM /)
    } finally {
      await full.kill()
    }
  })

  it('goes on where the server lets old keys go', async () => {
    const small = await startRedis(join(folder, 'small'), ['maxmemory 3mb', 'maxmemory-policy allkeys-lru'])
    try {
      const cache = await open({ url: small.url })
      for (let index = 0; index < 60; index++) await cache.set(`${index}`, new Uint8Array(100_000), 60)

      assert.equal((await cache.get('59'))?.length, 100_000)
      assert.equal(await cache.get('0'), null)
      assert.ok((await redisCount(small.port, 'evicted_keys')) > 0)
    } finally {
      await small.kill()
    }
  })

  it('works with a user who may use the keys of one team and the commands of a cache, and is a miss elsewhere', async () => {
    const [team, user, password] = [newTeam(), `user-${randomUUID()}`, randomUUID()]
    const rights = [`~${team}:*`, '+get', '+set', '+unlink', '+ping', '+hello', '+select']
    await redisCommand(redis.port, 'ACL', 'SETUSER', user, 'on', `>${password}`, ...rights)
    const url = `redis://${user}:${password}@127.0.0.1:${redis.port}`
    const told: string[] = []
    const [own, foreign] = [
      await open({ url, team }),
      await open({ url, team: newTeam(), notice: (line) => told.push(line) }),
    ]
    await own.set('kept', 'mine', 60)

    assert.equal(text(await own.get('kept')), 'mine')
    await own.remove('kept')
    assert.equal(await own.get('kept'), null)
    await allMisses(foreign)
    assert.match(told[0] ?? '', /^Redis refuses: NOPERM /)
  })

  it('is a miss with a wrong password, of which nothing is told', async () => {
    const [user, password] = [`user-${randomUUID()}`, randomUUID()]
    const told: string[] = []
    const cache = redisCache({
      url: `redis://${user}:${password}@127.0.0.1:${redis.port}`,
      team: 'a',
      notice: (line) => told.push(line),
    })
    opened.push(cache)

    await allMisses(cache)
    await eventually('it is told', async () => told.length > 0)

    assert.match(told.join('\n'), /^Redis is away: .*WRONGPASS/)
    assert.ok(!told.join('\n').includes(password))
  })

  it('refuses an address that is none, without a word of it', () => {
    for (const url of ['http://user:secret@host', 'redis://user:secret@host:port', 'secret'])
      assert.throws(
        () => redisCache({ url, team: 'a' }),
        (error) =>
          error instanceof PlatformError && error.code === 'invalid_input' && !error.message.includes('secret'),
      )
  })
})
