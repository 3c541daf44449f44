import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as z from 'zod'
import { duckdbTables } from '../../../runtime/adapters/duckdb.ts'
import type { Objects } from '../../../runtime/ports.ts'
import type { TableColumn } from '../../../runtime/tabular/definition.ts'
import { define } from '../../../runtime/tabular/definition.ts'
import { selectFeatures } from '../../../runtime/tabular/sql.ts'
import type { featuresExtracted } from '../../../triggers/events.ts'

type Extraction = z.infer<typeof featuresExtracted.data>

const TYPES: Readonly<Record<string, TableColumn['type']>> = {
  DOUBLE: 'number',
  BIGINT: 'number',
  INTEGER: 'number',
  BOOLEAN: 'boolean',
  TIMESTAMP: 'time',
  VARCHAR: 'text',
}

/** The fact that a view has features: those of the rows of this SELECT. */
export async function extractionOf(objects: Objects, view: string, select: string, csv?: Uint8Array) {
  const tables = duckdbTables({ objects, folder: join(tmpdir(), 'mezz-train-test'), memoryLimit: '150MB' })
  return tables.open({}, async (session): Promise<Extraction> => {
    if (csv) await writeFile(join(session.folder, 'in.csv'), csv)
    await session.query(`create table data as ${select.replace('$csv', `'${join(session.folder, 'in.csv')}'`)}`)
    const described = await session.query<{ column_name: string; column_type: string }>('describe data')
    const schema = described.map(({ column_name: name, column_type }) => ({ name, type: TYPES[column_type] ?? 'text' }))
    const definition = define(schema)
    const { rows, ...table } = await session.store(selectFeatures(definition, 'data'))
    return {
      view,
      extraction: randomUUID(),
      inputs: [{ dataset: view, version: 1 }],
      definition: await objects.put(new TextEncoder().encode(JSON.stringify(definition))),
      table,
      columns: definition.features.map(({ name }) => name),
      rows,
    }
  })
}

/** The same of a table of test/data. */
export async function extractionOfFile(objects: Objects, name: string): Promise<Extraction> {
  const csv = await readFile(new URL(`../../data/${name}.csv`, import.meta.url))
  return extractionOf(objects, name, 'select * from read_csv($csv)', csv)
}
