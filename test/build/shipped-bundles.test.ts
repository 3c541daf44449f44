import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { createBundler } from '../../build/bundle.ts'
import { readCatalogue } from '../../build/catalogue.ts'
import { entry, sourceOf } from '../../build/entry.ts'

const MIB = 2 ** 20
const EVERY = ['@hono/node-server', 'hono', 'jose', 'zod']
/** The exporter of traces, and the client of S3 with all that it brings. */
const OTEL = /^@opentelemetry\//
const S3 = /^(@aws-sdk\/|@aws\/|@smithy\/|@aws-crypto\/|tslib$|fast-xml-parser$|strnum$|bowser$)/
/** The client of PostgreSQL with all that it brings. */
const SQL = /^(pg|postgres-|pgpass$|split2$|xtend$)/

const { functions } = await readCatalogue([], process.env['PATH'] ?? '')

describe('the bundle of a function that we ship', { concurrency: 1, timeout: 120_000 }, () => {
  for (const fn of functions) {
    it(`holds its ports' clients and no other, and is small: ${fn.name}`, async (t) => {
      const uses: readonly string[] = 'uses' in fn.definition ? fn.definition.uses : []
      const bundler = await createBundler(sourceOf(fn, entry))
      t.after(() => bundler.dispose())

      const { packages, files } = await bundler.build()
      // What is loaded at each start, and what waits until a span ends or an S3 bucket is asked for something.
      const eager = loadedAtStart(files)
      const late = [...files.keys()].filter((path) => path.startsWith('chunks/') && !eager.includes(path))
      const bytesOf = (paths: readonly string[]) =>
        paths.reduce((sum, path) => sum + (files.get(path)?.byteLength ?? 0), 0)
      const programs = [...files.keys()].filter((path) => /^programs\/[^/]+$/.test(path))
      const hasObjects = uses.includes('objects') || uses.includes('tables')

      assert.deepEqual(
        packages.filter((name) => !SQL.test(name) && !OTEL.test(name) && !S3.test(name)),
        EVERY,
      )
      assert.equal(packages.includes('pg'), uses.includes('sql'))
      assert.equal(packages.includes('@aws-sdk/client-s3'), hasObjects)
      // Each program is a file of its own, which holds zod again.
      const most = MIB + Math.max(0, programs.length - 1) * (MIB / 4)
      const bytes = bytesOf([...eager, ...programs])
      assert.ok(bytes < most, `${bytes} bytes`)
      // Native packages stay files of their own, and are named only where their port is used; a program opens its own ports.
      const textOf = (paths: readonly string[]) =>
        paths.map((path) => Buffer.from(files.get(path) ?? '').toString('latin1')).join('\n')
      const text = textOf([...eager, ...late])
      for (const client of ['BatchSpanProcessor', 'ListObjectsV2Command']) {
        assert.equal(textOf(eager).includes(`class ${client}`), false)
      }
      assert.ok(bytesOf(late) < (hasObjects ? 2.5 * MIB : MIB / 4), `${bytesOf(late)} bytes`)
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

/** The bundle's start with all that it imports, but what it imports later. */
function loadedAtStart(files: ReadonlyMap<string, Uint8Array>): readonly string[] {
  const found = new Set(['index.mjs'])
  for (const path of found) {
    const text = Buffer.from(files.get(path) ?? '').toString('utf8')
    for (const [, from = ''] of text.matchAll(/^(?:import|\} from|import .* from|export .* from) ?"(\.[^"]+)"/gm)) {
      found.add(join(dirname(path), from))
    }
  }
  return [...found].filter((path) => files.has(path))
}
