import type { ObjectRef, Objects, Tables } from 'mezz/ports'
import type { TableColumn } from 'mezz/tabular/definition'
import { define } from 'mezz/tabular/definition'
import { selectFeatures } from 'mezz/tabular/sql'
import { countNulls } from './nulls.ts'

/** A version of a dataset, as its event tells of it. */
export interface TableVersion {
  readonly dataset: string
  readonly version: number
  readonly parts: readonly ObjectRef[]
  readonly columns: readonly TableColumn[]
  readonly rows: number
}

/** What a view makes of a version: its definition and its table, or why there is nothing to make. */
export type Extracted =
  | {
      readonly definition: ObjectRef
      readonly table: ObjectRef
      readonly columns: readonly string[]
      readonly rows: number
    }
  | { readonly reason: string }

/** Makes typed raw columns of a table, in the order of its rows. */
export async function extract(
  { objects, tables }: { readonly objects: Objects; readonly tables: Tables },
  { parts, columns }: TableVersion,
  leaveOut: readonly string[],
): Promise<Extracted> {
  return tables.open({ data: parts }, async (session) => {
    const nulls = await countNulls(
      session,
      columns.map(({ name }) => name),
    )
    const schema = columns.map(({ name, type }, i) => ({ name, type, nulls: nulls[i] ?? 0 }))
    const definition = define(schema, { leaveOut })
    if (definition.features.length === 0) return { reason: 'every column is left out' }

    const { rows, ...table } = await session.store(selectFeatures(definition, 'data'))
    const stored = await objects.put(new TextEncoder().encode(JSON.stringify(definition)))
    return { definition: stored, table, columns: definition.features.map(({ name }) => name), rows }
  })
}
