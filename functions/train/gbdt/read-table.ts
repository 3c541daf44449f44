import { PlatformError } from 'mezz/errors'
import type { Definition } from 'mezz/tabular/definition'
import type { RawRow } from 'mezz/tabular/row'
import { readCsv } from './csv.ts'
import type { Label, LabelType } from './labels.ts'
import { labelOf } from './labels.ts'

/** Rows to learn from and rows held out, in the order of the file; those without a target are left out. */
export interface SplitTable {
  readonly training: { readonly rows: RawRow[]; readonly labels: Label[] }
  readonly holdout: { readonly rows: RawRow[]; readonly labels: Label[] }
  /** Rows that lack their target. */
  readonly unlabelled: number
}

export interface ReadOptions {
  readonly definition: Definition
  readonly target: LabelType
  /** The share held out: every row whose index leaves the last rest of round(1/share). */
  readonly holdout: number
}

/** Reads the file that train lays down: the target, then the features in the definition's order. */
export async function readTable(path: string, { definition, target, holdout }: ReadOptions): Promise<SplitTable> {
  const every = Math.round(1 / holdout)
  const table: SplitTable = { training: { rows: [], labels: [] }, holdout: { rows: [], labels: [] }, unlabelled: 0 }
  let unlabelled = 0
  let index = -1
  for await (const [label = null, ...fields] of readCsv(path)) {
    // The header.
    if (index++ < 0) continue
    if (label === null) {
      unlabelled++
      continue
    }
    const part = (index - 1) % every === every - 1 ? table.holdout : table.training
    part.labels.push(labelOf(label, target))
    part.rows.push(definition.features.map(({ of }, at) => value(fields[at] ?? null, of)))
  }
  if (table.training.rows.length === 0 || table.holdout.rows.length === 0) {
    throw new PlatformError(
      'unprocessable',
      `${index} rows, ${unlabelled} of them without ${definition.target}, are too few to learn from and to hold some out`,
    )
  }
  return { ...table, unlabelled }
}

function value(text: string | null, of: Definition['features'][number]['of']): RawRow[number] {
  if (text === null || of === 'category') return text
  return of === 'boolean' || of === 'missing' ? text === 'true' : Number(text)
}
