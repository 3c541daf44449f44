import type { ObjectRef, Ports } from 'mezz/ports'
import { readJson } from 'mezz/read-object'
import type { Definition } from 'mezz/tabular/definition'
import { aimAt, Definition as DefinitionSchema } from 'mezz/tabular/definition'
import { identifier } from 'mezz/tabular/quote'
import type { Extraction } from './facts.ts'
import type { LabelType } from './gbdt/labels.ts'
import type { Pipeline } from './pipeline.ts'
import { selectRaw } from './raw-table.ts'

/** What a run needs, laid down; or why it cannot be. */
export type Prepared = Laid | { readonly reason: string }

export interface Laid {
  readonly table: ObjectRef
  readonly definition: ObjectRef
  readonly targetType: LabelType
}

/** Lays down what the trainer reads as CSV: for our own trees the target and the features, for a script the view's columns; and the definition aimed at the target. */
export async function prepare(
  { objects, tables }: Pick<Ports, 'objects' | 'tables'>,
  { target, task, trainer }: Pick<Pipeline, 'target' | 'task' | 'trainer'>,
  extraction: Pick<Extraction, 'view' | 'table' | 'definition'>,
): Promise<Prepared> {
  const whole = await readJson(objects, extraction.definition, DefinitionSchema)
  const found = targetOf(whole, { target, task, view: extraction.view })
  if ('reason' in found) return found
  const aimed = aimAt(whole, target)
  if (aimed.features.length === 0) return { reason: `the view ${extraction.view} has no column beside ${target}` }
  const columns = [found.feature, ...aimed.features.map(({ name }) => name)].map(identifier)
  const select = `select ${columns.map((column, at) => `${column} as c${at}`).join(', ')} from data`
  const { rows: _, ...table } = await tables.open({ data: [extraction.table] }, async (session) =>
    session.store(trainer === 'gbdt' ? select : await selectRaw(session, whole), { format: 'csv' }),
  )
  const definition = await objects.put(new TextEncoder().encode(JSON.stringify(aimed)))
  return { table, definition, targetType: found.type }
}

function targetOf(
  { columns, features }: Definition,
  { target, task, view }: { readonly target: string; readonly task: Pipeline['task']; readonly view: string },
): { readonly feature: string; readonly type: LabelType } | { readonly reason: string } {
  const column = columns.find(({ name }) => name === target)
  if (!column)
    return { reason: `the view ${view} has no column ${target}; it has ${columns.map(({ name }) => name).join(', ')}` }
  const feature = features.find((one) => one.column === target && ['number', 'boolean', 'category'].includes(one.of))
  if (!feature) return { reason: `${target} is a time, which cannot be foretold` }
  if (task === 'regression' && feature.of !== 'number')
    return { reason: `${target} is no number, so it is no regression` }
  return {
    feature: feature.name,
    type: feature.of === 'number' ? 'number' : feature.of === 'boolean' ? 'boolean' : 'category',
  }
}
