import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { createBundler } from '../../build/bundle.ts'
import { readCatalogue } from '../../build/catalogue.ts'
import { entry, sourceOf } from '../../build/entry.ts'

const MIB = 2 ** 20
const EVERY = ['@hono/node-server', 'hono', 'jose', 'zod']
/** The exporter of traces. */
const OTEL = /^@opentelemetry\//
/** The client of PostgreSQL with all that it brings. */
const SQL = /^(pg|postgres-|pgpass$|split2$|xtend$)/

const { functions } = await readCatalogue([], process.env['PATH'] ?? '')

describe('the bundle of a function that we ship', { concurrency: 1, timeout: 120_000 }, () => {
  for (const fn of functions) {
    it(`holds its ports' clients and no other, and is small: ${fn.name}`, async (t) => {
      const uses: readonly string[] = 'uses' in fn.definition ? fn.definition.uses : []
      const bundler = await createBundler(sourceOf(fn, entry))
      t.after(() => bundler.dispose())

      const { packages, bytes: whole, files } = await bundler.build()
      // OpenTelemetry's exporter lies in a chunk that nothing loads before a span has ended.
      const late = [...files].filter(([path]) => /^chunks\/otlp-/.test(path))
      const bytes = whole - late.reduce((sum, [, file]) => sum + file.byteLength, 0)

      assert.deepEqual(
        packages.filter((name) => !SQL.test(name) && !OTEL.test(name)),
        EVERY,
      )
      assert.equal(packages.includes('pg'), uses.includes('sql'))
      // Each program is a file of its own, which holds zod again.
      const programs = [...files.keys()].filter((path) => /^programs\/[^/]+$/.test(path)).length
      assert.ok(bytes < MIB + Math.max(0, programs - 1) * (MIB / 4), `${bytes} bytes`)
      // Native packages stay files of their own, and are named only where their port is used; a program opens its own ports.
      const own = [...files].filter(([path]) => !path.startsWith('programs/'))
      const text = own.map(([, file]) => Buffer.from(file).toString('latin1')).join('\n')
      const holders = own.filter(([, file]) => Buffer.from(file).includes('BatchSpanProcessor'))
      assert.deepEqual(
        holders.map(([path]) => path),
        late.map(([path]) => path),
      )
      assert.equal(late.length, 1)
      assert.ok(whole - bytes < 150_000, `${whole - bytes} bytes`)
      assert.equal(text.includes('@duckdb/node-api'), uses.includes('tables'))
      assert.equal(text.includes('onnxruntime-node'), uses.includes('models'))
    })
  }

  it('holds what lies in the folder helper beside a program: train', async (t) => {
    const fn = functions.find(({ name }) => name === 'train')
    assert.ok(fn)
    const bundler = await createBundler(sourceOf(fn, entry))
    t.after(() => bundler.dispose())

    const { files } = await bundler.build()

    for (const name of ['mezz.py', 'environment.py']) {
      const source = readFileSync(`functions/train/script/helper/${name}`)
      assert.ok(source.equals(files.get(`programs/helper/${name}`) ?? new Uint8Array()), name)
    }
  })
})
