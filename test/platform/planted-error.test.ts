import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { ask, begin, CELLS, predict, published, someRow } from './chain.ts'
import { eventually } from './eventually.ts'
import { runMezz } from './mezz.ts'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'

const PARTS = ['build', 'functions', 'runtime', 'triggers', 'package.json', 'tsconfig.json']
const BUG =
  "        throw new PlatformError('unprocessable', 'the column ' + columns[0]?.name + ' is not to my taste')\n"
const Runs = z.object({ items: z.array(z.object({ state: z.string() })) })
const Extractions = z.object({ items: z.array(z.unknown()) })

describe('an error in one of the functions', () => {
  let root = ''
  let dev: Dev
  let source = ''
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mezz-planted-'))
    const checkout = join(root, 'checkout')
    await mkdir(join(root, 'mine'))
    for (const part of PARTS) await cp(part, join(checkout, part), { recursive: true })
    await symlink(resolve('node_modules'), join(checkout, 'node_modules'))
    source = join(checkout, 'functions/features/function.ts')
    const text = await readFile(source, 'utf8')
    const place = "        const { schema: columns, ...version } = c.req.valid('json')\n"
    assert.ok(text.includes(place))
    const broken = text.replace(place, () => `${place}${BUG}`)
    await writeFile(source, `import { PlatformError } from 'mezz/errors'\n${broken}`)
    dev = await startDev({
      data: join(root, 'data'),
      folder: join(root, 'mine'),
      launcher: join(checkout, 'build/launch.js'),
    })
  })
  after(async () => {
    await dev.stop()
    await rm(root, { recursive: true, force: true, maxRetries: 5 })
  })
  const mezz = async (...args: readonly string[]): Promise<string> => {
    const { code, out, error } = await runMezz([...args, '--url', dev.url], { cwd: join(root, 'mine') })
    assert.equal(code, 0, error)
    return out
  }

  it('is found by mezz flows, mended while the platform runs, and redriven by its group; the rest follows, nothing twice', async () => {
    await begin(dev.url, CELLS)

    const list = await eventually('a flow run that failed', async () => {
      const out = await mezz('flows')
      return /^(\S+) .* failed .* features ✗/m.exec(out) ?? undefined
    })
    const flow = await mezz('flows', list[1] ?? '')
    assert.match(flow, /✗ dead +features +mezz\.dataset\.ingested\.v1/)
    assert.match(flow, /422 unprocessable: the column \S+ is not to my taste/)
    const groups = await mezz('dead-letters', 'list')
    const [, fingerprint = ''] = /^([0-9a-f]{16}) +dataset-ingested-to-features +1 /m.exec(groups) ?? []
    assert.match(fingerprint, /^[0-9a-f]{16}$/)

    await writeFile(source, (await readFile(source, 'utf8')).replace(BUG, ''))
    await eventually('the mended function', async () => {
      const extractions = await fetch(`${dev.url}/default/features/extractions`)
      return extractions.headers.get('x-mezz-version') !== null && dev.lines.length > 0 && extractions.ok
    })
    // Until the new bundle has taken over, a redrive meets the old one: asking again is what a user would do.
    await eventually('no dead letter', async () => {
      const out = await mezz('dead-letters', 'list')
      if (/no dead letters/.test(out)) return true
      await mezz('dead-letters', 'redrive', '--group', fingerprint)
      return false
    })
    await published(dev.url, 'cells')
    const { predictions } = await predict(dev.url, 'cells', [await someRow(dev.url, 'cells')])

    assert.equal(predictions.length, 1)
    const runs = await ask(`${dev.url}/default/train/runs?model=cells`, Runs)
    const extractions = await ask(`${dev.url}/default/features/extractions?view=cells`, Extractions)
    assert.deepEqual(
      runs.items.map(({ state }) => state),
      ['succeeded'],
    )
    assert.equal(extractions.items.length, 1)
  })
})
