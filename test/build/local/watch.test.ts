import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import type { Change } from '../../../build/local/watch.ts'
import { watchSources } from '../../../build/local/watch.ts'
import { temporary } from './setup.ts'
import { write } from './toys.ts'

function setup(t: TestContext, files: Record<string, string>) {
  const folder = temporary(t)
  write(folder, files)
  const changes: Change[] = []
  let told = () => {}
  const watcher = watchSources([folder], (change) => {
    changes.push(change)
    told()
  })
  t.after(() => watcher.close())
  const next = async (): Promise<Change> => {
    if (changes.length === 0) await new Promise<void>((resolve) => (told = resolve))
    const change = changes.shift()
    assert.ok(change)
    return change
  }
  return { folder, next }
}

describe('watching sources', { timeout: 20_000 }, () => {
  it('names the function whose file changed, came or went', async (t) => {
    const { folder, next } = setup(t, { 'functions/a/function.ts': '1', 'functions/b/deep/file.ts': '1' })

    write(folder, { 'functions/b/deep/file.ts': '22' })
    assert.deepEqual(await next(), { functions: [join(folder, 'functions/b')], all: false })
    write(folder, { 'functions/c/function.ts': '1' })
    assert.deepEqual(await next(), { functions: [join(folder, 'functions/c')], all: false })
    rmSync(join(folder, 'functions/a'), { recursive: true })
    assert.deepEqual(await next(), { functions: [join(folder, 'functions/a')], all: false })
  })

  it('sees a file that an editor puts in place of another', async (t) => {
    const { folder, next } = setup(t, { 'functions/a/function.ts': '1', 'draft.ts': '2' })

    renameSync(join(folder, 'draft.ts'), join(folder, 'functions/a/function.ts'))

    assert.deepEqual(await next(), { functions: [join(folder, 'functions/a')], all: false })
  })

  it('means every function by the vocabulary, and none by a trigger', async (t) => {
    const { folder, next } = setup(t, { 'triggers/events.ts': '1', 'triggers/sold-to-a.ts': '1' })

    write(folder, { 'triggers/events.ts': '22' })
    assert.deepEqual(await next(), { functions: [], all: true })
    write(folder, { 'triggers/sold-to-a.ts': '22' })
    assert.deepEqual(await next(), { functions: [], all: false })
  })

  it('follows a folder that is yet to come', async (t) => {
    const { folder, next } = setup(t, {})

    mkdirSync(join(folder, 'functions/a'), { recursive: true })
    write(folder, { 'functions/a/function.ts': '1' })

    assert.deepEqual(await next(), { functions: [join(folder, 'functions/a')], all: false })
  })
})
