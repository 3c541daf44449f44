import { randomUUID } from 'node:crypto'
import { featuresExtracted } from 'mezz/events'
import type { Transaction } from 'mezz/ports'
import type { Extracted, TableVersion } from './extract.ts'
import type { ViewRow } from './queries.ts'
import { saveExtraction } from './queries.ts'

/** Stores what a view made of a version, and says so where it made something. */
export async function record(
  tx: Transaction<typeof featuresExtracted.type>,
  { name: view, leaveOut }: ViewRow,
  { version, extracted }: { readonly version: TableVersion; readonly extracted: Extracted },
): Promise<void> {
  const id = randomUUID()
  const of = { id, view, dataset: version.dataset, version: version.version, leaveOut }
  if ('reason' in extracted) {
    const none = { definition: null, table: null, columns: null, rows: null }
    await saveExtraction(tx.query, { ...of, ...none, reason: extracted.reason })
    return
  }

  const number = await saveExtraction(tx.query, { ...of, ...extracted, reason: null })
  await tx.keep(`extractions/${id}`, [extracted.definition, extracted.table])
  const inputs = [{ dataset: version.dataset, version: version.version }]
  tx.emit(featuresExtracted, { view, extraction: id, inputs, ...extracted, columns: [...extracted.columns], number })
}
