import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { duckdbTables } from '../../../runtime/adapters/duckdb.ts'
import { folderObjects } from '../../../runtime/adapters/folder.ts'
import { testTables } from '../../conformance/tables.ts'

const root = mkdtempSync(join(tmpdir(), 'mezz-tables-'))
after(() => rmSync(root, { recursive: true }))

testTables('duckdb', () => {
  const folder = mkdtempSync(join(root, 'store-'))
  const objects = folderObjects(join(folder, 'objects'))
  return { objects, tables: duckdbTables({ objects, folder: join(folder, 'scratch'), memoryLimit: '150MB' }) }
})
