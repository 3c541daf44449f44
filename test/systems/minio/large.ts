import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { it } from 'node:test'
import { digestOfName, MEGABYTE, sample } from './bytes.ts'
import { setupMinio } from './setup.ts'

const GIGABYTE = 1024 * MEGABYTE
/** Of this process above what it had before: a few parts of 8 MiB each way, and what the collector has not seen yet. */
const MOST_MORE = 256 * MEGABYTE

const { open } = await setupMinio()

/** The most memory of this process while the work goes on. */
async function mostMemory(work: () => Promise<void>): Promise<number> {
  let most = 0
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 20)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return most
}

it('streams 1 GiB in and out, by digest and by name, in little memory', async (test) => {
  const objects = open()
  const pieces = Array.from({ length: 7 }, (_, index) => sample(MEGABYTE, index + 1))
  async function* large() {
    for (let at = 0, index = 0; at < GIGABYTE; at += MEGABYTE, index++) {
      const piece = pieces[index % pieces.length]
      assert.ok(piece)
      yield piece
    }
  }
  const digest = createHash('sha256')
  for await (const piece of large()) digest.update(piece)
  const expected = digest.digest('hex')
  await objects.put(sample(20 * MEGABYTE))

  const before = process.memoryUsage.rss()
  for (const [what, work] of [
    ['put', async () => assert.equal((await objects.put(large())).sha256, expected)],
    ['write', async () => assert.equal((await objects.write('a', large())).sha256, expected)],
    ['read', async () => assert.equal(await digestOfName(objects, `blobs/${expected}`), expected)],
  ] as const) {
    const begun = performance.now()
    const most = await mostMemory(work)
    const seconds = (performance.now() - begun) / 1000
    test.diagnostic(`${what}: ${seconds.toFixed(1)} s, ${Math.round((most - before) / MEGABYTE)} MiB more at most`)
    assert.ok(most - before < MOST_MORE, `${what} took ${Math.round((most - before) / MEGABYTE)} MiB`)
  }
})
