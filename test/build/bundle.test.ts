import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createBundler } from '../../build/bundle.ts'
import { writeBundle } from '../../build/write-bundle.ts'
import { temporary } from './local/setup.ts'
import { write } from './local/toys.ts'

describe('a bundle', { timeout: 60_000 }, () => {
  it('holds what is imported and no more, with what opens late in a chunk of its own', async (t) => {
    const folder = temporary(t)
    write(folder, {
      'late.ts': `import { Hono } from 'hono'\nexport const late: string = typeof Hono`,
      'program/main.ts': `console.log('program ran')`,
    })
    const entry = `const { late } = await import(${JSON.stringify(join(folder, 'late.ts'))}); console.log(late)`
    const bundler = await createBundler({ entry, programs: { job: join(folder, 'program/main.ts') }, native: 'here' })
    t.after(() => bundler.dispose())

    const built = await bundler.build()
    const start = await writeBundle(built, join(folder, 'out'))

    assert.deepEqual(built.packages, ['hono'])
    const paths = [...built.files.keys()]
    assert.ok(paths.includes('index.mjs') && paths.includes('programs/job.mjs'))
    assert.ok(paths.some((path) => path.startsWith('chunks/late-')))
    assert.ok((built.files.get('index.mjs')?.byteLength ?? 0) < 2000)
    assert.equal(execFileSync(process.execPath, [start], { encoding: 'utf8' }), 'function\n')
    const job = join(folder, 'out/programs/job.mjs')
    assert.equal(execFileSync(process.execPath, [job], { encoding: 'utf8' }), 'program ran\n')
  })

  it('starts with CommonJS inside, and with native packages outside, in a folder without node_modules', async (t) => {
    const folder = temporary(t)
    write(folder, { 'common.cjs': `module.exports = require('node:path').sep` })
    const entry = `
      import sep from ${JSON.stringify(join(folder, 'common.cjs'))}
      import { DuckDBInstance } from '@duckdb/node-api'
      import { InferenceSession } from 'onnxruntime-node'
      console.log(sep, typeof DuckDBInstance, typeof InferenceSession)`
    const bundler = await createBundler({ entry, native: 'here' })
    t.after(() => bundler.dispose())

    const start = await writeBundle(await bundler.build(), join(folder, 'out'))

    assert.equal(execFileSync(process.execPath, [start], { encoding: 'utf8' }), '/ function function\n')
  })

  it('is made again from what the sources are now, with a digest that tells the difference', async (t) => {
    const folder = temporary(t)
    write(folder, { 'a.ts': `console.log('one')` })
    const bundler = await createBundler({ entry: `import ${JSON.stringify(join(folder, 'a.ts'))}`, native: 'here' })
    t.after(() => bundler.dispose())
    const one = await bundler.build()
    const same = await bundler.build()

    write(folder, { 'a.ts': `console.log('two')` })
    const two = await bundler.build()

    assert.equal(one.digest, same.digest)
    assert.notEqual(one.digest, two.digest)
    write(folder, { 'a.ts': `console.log('two'` })
    await assert.rejects(bundler.build(), { code: 'unprocessable', message: /a\.ts:1: Expected "\)"/ })
  })
})
