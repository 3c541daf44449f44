import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { it } from 'node:test'
import * as z from 'zod'
import { freshJson } from '../../../functions/infer/fresh.ts'
import { folderObjects } from '../../../runtime/adapters/folder.ts'
import type { Objects } from '../../../runtime/ports.ts'
import { json } from './trained.ts'

/** A folder that counts its reads, and can refuse them. */
async function counted(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'fresh-'))
  t.after(() => rm(folder, { recursive: true }))
  const inner = folderObjects(folder)
  const state = { reads: 0, down: false, now: 0 }
  const objects: Objects = {
    ...inner,
    read: (name) => {
      state.reads++
      return state.down ? Promise.reject(new Error('down')) : inner.read(name)
    },
  }
  const read = freshJson(objects, z.number(), { age: 1000, most: 2, now: () => state.now })
  return { objects, state, read }
}

it('reads once for all who ask within the age, and again after it', async (t) => {
  const { objects, state, read } = await counted(t)
  await objects.write('a', json(1))

  assert.deepEqual(await Promise.all([read('a'), read('a'), read('a')]), [1, 1, 1])
  await objects.write('a', json(2))
  state.now = 999
  assert.equal(await read('a'), 1)
  assert.equal(state.reads, 1)

  state.now = 1000
  assert.equal(await read('a'), 2)
  assert.equal(state.reads, 2)
})

it('keeps in mind neither what is not there nor what could not be read', async (t) => {
  const { objects, state, read } = await counted(t)

  assert.equal(await read('a'), null)
  await objects.write('a', json(1))
  assert.equal(await read('a'), 1)

  state.down = true
  state.now = 1000
  await assert.rejects(read('a'), /down/)
  state.down = false
  assert.equal(await read('a'), 1)
})

it('remembers so many objects and no more', async (t) => {
  const { objects, state, read } = await counted(t)
  for (const name of ['a', 'b', 'c']) {
    await objects.write(name, json(1))
    await read(name)
  }

  await read('c')
  assert.equal(state.reads, 3)
  await read('a')
  assert.equal(state.reads, 4)
})
