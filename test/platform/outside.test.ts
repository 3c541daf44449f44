import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { begin, CELLS, predict, published, someRow } from './chain.ts'
import { eventually } from './eventually.ts'
import { startDev } from './mezz-dev.ts'
import { userRepository } from './user-repository.ts'

const TSC = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url))

describe('a repository outside', () => {
  const user = userRepository()
  after(() => user.remove())
  const installed = join(user.folder, 'node_modules/mezz')

  it('type-checks its function, its trigger and its event, strictly and with our declarations', () => {
    assert.deepEqual(user.run(TSC, '--noEmit'), { status: 0, output: '' })
  })

  it('does not compile an event that its function does not declare, nor a port', () => {
    const file = join(user.folder, 'functions/notes/function.ts')
    const good = readFileSync(file, 'utf8')

    writeFileSync(file, good.replace('emits: [noteWritten]', 'emits: []'))
    assert.match(user.run(TSC, '--noEmit').output, /function\.ts.*TS2345/)
    writeFileSync(file, good.replace("uses: ['objects', 'sql']", "uses: ['sql']"))
    assert.match(user.run(TSC, '--noEmit').output, /function\.ts.*TS2339.*objects/)

    writeFileSync(file, good)
  })

  it('loads what it imports from the package as JavaScript', () => {
    const script = join(user.folder, 'load.mjs')
    writeFileSync(
      script,
      `import notes from './functions/notes/function.ts'
       import trigger from './triggers/acme-note-written-to-letters.ts'
       import { datasetIngested } from 'mezz/events'
       console.log(notes.name, trigger.on.type, datasetIngested.type)`,
    )

    const { output } = user.run(process.execPath, script)

    rmSync(script)
    assert.equal(output, 'notes acme.note.written.v1 mezz.dataset.ingested.v1\n')
  })

  it('runs the mezz command', () => {
    const { status, output } = user.run('npx', '--no', 'mezz')

    assert.equal(status, 0)
    assert.match(output, /mezz/)
  })

  it('tests its function on the embedded systems', () => {
    const { status, output } = user.run(process.execPath, '--test', 'functions/letters/function.test.ts')

    assert.equal(status, 0, output)
    assert.match(output, /pass 1/)
  })

  it('is served: its functions answer, its trigger delivers, an event sent twice once, and ours work beside them', async () => {
    const dev = await startDev({
      data: join(user.folder, '.mezz'),
      folder: user.folder,
      launcher: join(installed, 'build/launch.js'),
    })
    try {
      const put = await fetch(`${dev.url}/default/notes/notes/first`, { method: 'PUT', body: 'hello' })
      assert.equal(put.status, 201)
      await eventually('the delivery', async () => {
        const total = await fetch(`${dev.url}/default/letters/total`)
        return JSON.stringify(await total.json()) === '{"bytes":5}'
      })
      for (const [id, bytes] of [
        ['1', 3],
        ['1', 3],
        ['2', 4],
      ] as const) {
        const sent = await fetch(`${dev.url}/_mezz/events`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/cloudevents+json' },
          body: JSON.stringify({ specversion: '1.0', id, type: 'acme.note.written.v1', data: { note: 'b', bytes } }),
        })
        assert.equal(sent.status, 202)
      }
      const summed = await eventually('the last of the events from outside', async () => {
        const total = z
          .object({ bytes: z.number() })
          .parse(await (await fetch(`${dev.url}/default/letters/total`)).json())
        return total.bytes >= 5 + 3 + 4 && total
      })
      assert.deepEqual(summed, { bytes: 12 }, 'the event that was sent twice counts once')
      await begin(dev.url, CELLS)
      await published(dev.url, CELLS.name)
      assert.equal((await predict(dev.url, CELLS.name, [await someRow(dev.url, CELLS.name)])).predictions.length, 1)
    } finally {
      assert.equal(await dev.stop(), 0)
    }
  })

  it('gets no TypeScript, no test and no file of the checkout beside the package', () => {
    const files = globSync('**', { cwd: installed, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(installed, join(entry.parentPath, entry.name)))

    assert.ok(files.length > 20)
    assert.deepEqual(
      files.filter(
        (file) => !/^(dist\/package\/.*|build\/launch\.js|package\.json|README(\.zh-CN)?\.md|LICENSE)$/.test(file),
      ),
      [],
    )
    assert.deepEqual(
      files.filter((file) => /(?<!\.d)\.ts$|\.test\./.test(file)),
      [],
    )
  })

  const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  for (const [name, target] of Object.entries<Record<string, string>>(exports)) {
    if (typeof target === 'string' || name.includes('*')) continue
    it(`can import mezz${name.slice(1)}`, () => {
      const { types = '', default: script = '' } = target
      assert.ok(existsSync(join(installed, types)))
      assert.ok(existsSync(join(installed, script)))
    })
  }
})
