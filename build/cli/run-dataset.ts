import { createReadStream, existsSync } from 'node:fs'
import { extname } from 'node:path'
import type { Dataset } from '../demo/answers.ts'
import { Dataset as DatasetAnswer } from '../demo/answers.ts'
import { nameOf, TYPES } from '../demo/table-file.ts'
import { askJson } from './ask.ts'
import { UsageError } from './command.ts'

/** A number with as few different values is taken for a class. */
const FEW = 20

/** The newest version of a dataset by its name; a table file is sent in first, as the dataset of its name. */
export async function datasetOf(base: string, given: string): Promise<Dataset> {
  if (!/[./]/.test(given)) return askJson(new URL(`${base}/ingest/datasets/${given}`), DatasetAnswer)
  if (!existsSync(given)) throw new UsageError(`there is no file ${given}`)
  const url = new URL(`${base}/ingest/datasets?name=${nameOf(given)}`)
  return askJson(url, DatasetAnswer, {
    method: 'POST',
    headers: { 'content-type': TYPES[extname(given).toLowerCase()] ?? 'text/csv' },
    body: createReadStream(given),
  })
}

/** What foretelling this column is, by its type and its different values. */
export function guessTask({ name, columns }: Dataset, target: string): 'classification' | 'regression' {
  const column = columns.find((one) => one.name === target)
  if (!column)
    throw new UsageError(`${name} has no column ${target}; it has ${columns.map((one) => one.name).join(', ')}`)
  return column.type !== 'number' || column.distinct <= FEW ? 'classification' : 'regression'
}
