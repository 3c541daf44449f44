import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { it } from 'node:test'

it('loads no client of a server before something is asked of it', async () => {
  const loaded: string[] = []
  const hooks = registerHooks({
    load(url, context, next) {
      loaded.push(url)
      return next(url, context)
    },
  })
  try {
    const { s3Objects } = await import('../../../runtime/adapters/s3.ts')
    const { redisCache } = await import('../../../runtime/adapters/redis-cache.ts')
    const objects = s3Objects({
      endpoint: 'http://127.0.0.1:9',
      bucket: 'objects',
      accessKey: 'a',
      secretKey: 's',
      timeout: 100,
    })
    const cache = redisCache({ url: 'redis://127.0.0.1:9', team: 'a' })
    const clients = () => loaded.filter((url) => /node_modules\/(@aws-sdk|@redis)/.test(url)).length

    assert.ok(loaded.some((url) => url.endsWith('/s3-client.ts')))
    assert.equal(clients(), 0)

    await assert.rejects(objects.read('a'), { code: 'unavailable' })
    assert.ok(clients() > 0)
    await objects.close()
    await cache.close()
  } finally {
    hooks.deregister()
  }
})
