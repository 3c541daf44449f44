import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { rowReader } from '../../../functions/annotate/rows.ts'
import { duckdbTables } from '../../../runtime/adapters/duckdb.ts'
import { folderObjects } from '../../../runtime/adapters/folder.ts'
import type { ObjectRef, Tables } from '../../../runtime/ports.ts'

const root = mkdtempSync(join(tmpdir(), 'mezz-rows-'))
after(() => rmSync(root, { recursive: true }))
const objects = folderObjects(join(root, 'objects'))
const tables = duckdbTables({ objects, folder: join(root, 'scratch'), memoryLimit: '150MB' })

/** Tables that count how often they are opened. */
function counted(): { readonly tables: Tables; opened: number } {
  const count = {
    opened: 0,
    tables: {
      open: (inputs, work) => {
        count.opened++
        return tables.open(inputs, work)
      },
    } satisfies Tables,
  }
  return count
}

async function part(from: number, to: number, text = 'i::varchar'): Promise<ObjectRef> {
  const select = `select i::double as i, ${text} as text from range(${from}, ${to}) t(i)`
  const { rows: _, ...ref } = await tables.open({}, (session) => session.store(select))
  return ref
}

it('reads single rows of a table in parts, near ones at once', async () => {
  const source = { parts: [await part(0, 1500), await part(1500, 2500)], rows: 2500 }
  const count = counted()
  const read = rowReader(count.tables)

  for (const row of [0, 1, 999, 1000, 1499, 1500, 1999, 2499]) {
    assert.deepEqual(await read(source, row), { i: row, text: `${row}` })
  }

  assert.equal(count.opened, 3)
})

it('reads a window once for all who ask at the same time', async () => {
  const source = { parts: [await part(0, 50)], rows: 50 }
  const count = counted()
  const read = rowReader(count.tables)

  const rows = await Promise.all(Array.from({ length: 50 }, (_, row) => read(source, row)))

  assert.deepEqual(
    rows.map(({ i }) => i),
    Array.from({ length: 50 }, (_, i) => i),
  )
  assert.equal(count.opened, 1)
})

it('reads fewer rows at once where they are large, and forgets windows that were not used for long', async () => {
  // Texts that pack to half: 64 KiB each.
  const random = `(select string_agg(md5((i * 2048 + k)::varchar), '') from range(2048) r(k))`
  const source = { parts: [await part(0, 300, random)], rows: 300 }
  const count = counted()
  const read = rowReader(count.tables)

  for (let row = 0; row < 300; row++) assert.equal((await read(source, row))['i'], row)
  const once = count.opened
  await read(source, 299)
  assert.equal(count.opened, once)
  await read(source, 0)

  assert.ok(once > 8, `${once} windows`)
  assert.equal(count.opened, once + 1)
})

it('asks anew after a read that failed', async () => {
  const good = await part(0, 3)
  const read = rowReader(tables)
  const bytes = await objects.read(good.name)
  const kept: Uint8Array[] = []
  for await (const chunk of bytes?.body ?? []) kept.push(chunk)
  await objects.remove(good.name)
  await assert.rejects(read({ parts: [good], rows: 3 }, 1), { code: 'not_found' })

  await objects.put(Buffer.concat(kept))

  assert.equal((await read({ parts: [good], rows: 3 }, 1))['i'], 1)
})
