import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import { ask, begin, CELLS, predict, published, someRow } from './chain.ts'
import { processesOf, startDev } from './mezz-dev.ts'

/** Milliseconds after the table was sent, chosen anew each time over the whole of the chain, which takes some seconds. */
const MOMENTS = [0, 1, 2, 3, 4].map((fifth) => Math.round((fifth + Math.random()) * 700))

const Items = z.object({ items: z.array(z.looseObject({ state: z.string().optional() })) })

let root = ''
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'mezz-crash-'))
})
after(() => rm(root, { recursive: true, force: true }))

for (const how of ['kill', 'killAll'] as const) {
  describe(how === 'kill' ? 'after kill -9 of mezz dev alone' : 'after kill -9 of mezz dev and all it started', () => {
    for (const moment of MOMENTS) {
      it(`the chain that was broken off after ${moment} ms is finished, once`, async () => {
        const data = await mkdtemp(join(root, 'data-'))
        const first = await startDev({ data, folder: root })
        await begin(first.url, CELLS)
        await wait(moment)
        await first[how]()
        const second = await startDev({ data, folder: root })

        try {
          await isWhole(second.url)
        } finally {
          assert.equal(await second.stop(), 0)
        }
        assert.deepEqual(processesOf(data), [])
      })
    }
  })
}

async function isWhole(url: string): Promise<void> {
  const model = await published(url, 'cells')

  assert.equal(model.published, 1)
  assert.deepEqual(
    model.versions.map(({ version, state }) => ({ version, state })),
    [{ version: 1, state: 'published' }],
  )
  const runs = await ask(`${url}/default/train/runs?model=cells`, Items)
  assert.deepEqual(
    runs.items.map(({ state }) => state),
    ['succeeded'],
  )
  assert.equal((await ask(`${url}/default/features/extractions?view=cells`, Items)).items.length, 1)
  const second = await fetch(`${url}/default/ingest/datasets/cells/versions/2`)
  assert.equal(second.status, 404)
  assert.equal((await ask(`${url}/_mezz/flows`, Items)).items.length, 1)
  assert.equal((await predict(url, 'cells', [await someRow(url, 'cells')])).predictions.length, 1)
}
