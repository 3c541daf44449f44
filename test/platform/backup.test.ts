import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, describe, it } from 'node:test'
import * as z from 'zod'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import { ask, begin, CELLS, predict, published } from './chain.ts'
import { eventually } from './eventually.ts'
import { userFolder } from './mezz.ts'
import type { Dev } from './mezz-dev.ts'
import { processesOf, startDev } from './mezz-dev.ts'

const ROWS = 50
const Rows = z.object({ items: z.array(z.record(z.string(), z.unknown())) })
const Version = z.object({ version: z.number() })
const Lineage = z.object({ nodes: z.array(z.unknown()).min(5), edges: z.array(z.unknown()).min(5) })

describe('a platform that is backed up while it works, wiped and restored', () => {
  const { folder, mezz, remove } = userFolder()
  let second: Dev
  after(() => second?.stop())
  after(remove)
  const [data, again] = [join(folder, 'data'), join(folder, 'elsewhere')]
  const rowsOf = async (url: string) =>
    (await ask(`${url}/default/ingest/datasets/cells/versions/1/rows?limit=${ROWS}`, Rows)).items
  const lineageOf = (url: string, id: string) => ask(`${url}/_mezz/lineage?of=${encodeURIComponent(id)}`, Lineage)

  /** Sends one version of a dataset after the other until it is told to stop; answers with the last one acknowledged. */
  function sending(url: string, name: string) {
    let [last, isDone] = [0, false]
    const sent = (async () => {
      for (let n = 1; !isDone; n++) {
        const response = await fetch(`${url}/default/ingest/datasets?name=${name}`, {
          method: 'POST',
          headers: { 'Content-Type': 'text/csv' },
          body: `n,text\n${n},of ${name}\n`,
        })
        last = Version.parse(await response.json()).version
      }
    })()
    return {
      last: () => last,
      async stop() {
        isDone = true
        await sent
      },
    }
  }
  async function newestOf(url: string, name: string): Promise<number> {
    const dataset = await ask(`${url}/default/ingest/datasets/${name}`, z.looseObject({ version: z.number() }))
    return dataset.version
  }

  it('predicts the same, bit for bit, with the same lineage, and has all that was acknowledged', async () => {
    const first = await startDev({ data, folder })
    await begin(first.url, CELLS)
    await published(first.url, 'cells')
    const rows = await rowsOf(first.url)
    const answer = await predict(first.url, 'cells', rows)
    const lineage = await lineageOf(first.url, answer.id)
    const writers = ['w-1', 'w-2', 'w-3'].map((name) => ({ name, ...sending(first.url, name) }))
    await eventually('each writer has been answered', async () => writers.every(({ last }) => last() > 2))

    const before = writers.map(({ name, last }) => ({ name, version: last() }))
    const { code, out, error } = await mezz('backup', '--data', data, '--out', 'all.tar')
    const during = writers.map(({ last }, at) => last() - (before[at]?.version ?? 0))
    await Promise.all(writers.map(({ stop }) => stop()))
    await first.killAll()
    rmSync(data, { recursive: true })

    assert.equal(code, 0, error)
    assert.match(out, /^all\.tar {2}\d+ files {2}\d+\.\d MiB {2}\d+\.\d s\n$/)
    assert.equal(error, 'objects …\ndatabase …\nobjects since …\n')
    assert.ok(
      during.every((more) => more > 0),
      'the platform went on meanwhile',
    )

    const restored = await mezz('restore', 'all.tar', '--data', again)
    assert.equal(restored.code, 0, restored.error)
    second = await startDev({ data: again, folder })

    const same = await predict(second.url, 'cells', rows)
    assert.equal(same.version, answer.version)
    assert.deepEqual(same.predictions, answer.predictions)
    assert.deepEqual(await rowsOf(second.url), rows)
    assert.deepEqual(await lineageOf(second.url, answer.id), lineage)
    for (const { name, version } of before) {
      const newest = await newestOf(second.url, name)
      assert.ok(newest >= version, `${name} has ${newest} of ${version}`)
      for (let one = 1; one <= newest; one++) {
        const { items } = await ask(`${second.url}/default/ingest/datasets/${name}/versions/${one}/rows`, Rows)
        assert.deepEqual(items, [{ n: items[0]?.['n'], text: `of ${name}` }])
      }
    }
  })

  it('goes on: what was under way is finished, and a new version trains and is published', async () => {
    const { url } = second
    await published(url, 'cells')
    const less = readFileSync(CELLS.file, 'utf8').trimEnd().split('\n').slice(0, -20).join('\n')
    const sent = await fetch(`${url}/default/ingest/datasets?name=cells`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/csv' },
      body: less,
    })
    assert.equal(sent.status, 201)

    const model = await eventually('version 2 is published', async () => {
      const found = await published(url, 'cells')
      return found.published === 2 && found
    })

    assert.deepEqual(
      model.versions.map(({ version, state }) => ({ version, state })),
      [
        { version: 1, state: 'retired' },
        { version: 2, state: 'published' },
      ],
    )
    assert.equal((await predict(url, 'cells', await rowsOf(url))).version, 2)
    assert.equal(await second.stop(), 0)
    assert.deepEqual(processesOf(again), [])
  })

  it('answers with the version that the tables name, also where an alias in the backup is of another moment', async () => {
    const third = join(folder, 'third')
    const objects = folderObjects(join(again, 'objects'))
    const read = async (from: typeof objects, name: string) => {
      const found = await from.read(name)
      return found && String(await buffer(found.body))
    }
    const current = (await read(objects, 'models/cells/current')) ?? ''
    const first = (await read(objects, 'models/cells/versions/1')) ?? '{}'
    const rolledBack = { model: 'cells', versions: [{ ...JSON.parse(first), traffic: 100 }] }
    const write = (name: string, value: unknown) => objects.write(name, Buffer.from(JSON.stringify(value)))
    await write('models/cells/current', rolledBack)
    await write('models/cells/versions/3', { ...JSON.parse(first), version: 3 })
    await write('models/made-later/current', { ...rolledBack, model: 'made-later' })

    assert.equal((await mezz('backup', '--data', again, '--out', 'cold.tar.gz')).code, 0)
    const restored = await mezz('restore', 'cold.tar.gz', '--data', third)

    assert.equal(restored.code, 0, restored.error)
    const settled = folderObjects(join(third, 'objects'))
    assert.equal(await read(settled, 'models/cells/current'), current)
    assert.deepEqual(
      (await settled.list('models/')).map(({ name }) => name),
      ['models/cells/current', 'models/cells/versions/1', 'models/cells/versions/2'],
    )
  })
})
