import type { Fault } from 'mezz/errors'
import { PlatformError } from 'mezz/errors'
import type { JobRequest, Query } from 'mezz/ports'
import { Name } from 'mezz/validate'
import type { Chosen, Library } from '../library.ts'
import type { BatchOrder } from './batch.ts'
import { ERROR, predictionColumns } from './columns.ts'
import type { TableVersion } from './queries.ts'
import { findVersion } from './queries.ts'

/** All that a batch needs, found and fitting. */
export interface Planned {
  readonly chosen: Chosen
  readonly table: TableVersion
  readonly result: string
  readonly job: JobRequest
}

const RESOURCES = { cpu: '1', memory: '1Gi' } as const

/** Finds what a batch was ordered on; `not_found`, `invalid_input` and `unprocessable` say what does not fit before anything is started. */
export async function plan(
  { models, query }: { readonly models: Library; readonly query: Query },
  model: string,
  order: BatchOrder,
): Promise<Planned> {
  const version = order.version ?? (await models.versions(model))[0]
  const chosen = await models.version(model, String(version))
  const { dataset, datasetVersion = null, keep } = order
  const table = await findVersion(query, dataset, datasetVersion)
  if (!table) {
    const wanted = datasetVersion === null ? `dataset ${dataset}` : `version ${datasetVersion} of a dataset ${dataset}`
    throw new PlatformError('not_found', `no ${wanted} is known here; one that has just come in is known in a moment`)
  }
  const result = order.name ?? `${dataset}-${model}-predictions`
  const faults = [...wrongName(result, dataset), ...wrongColumns(keep, table, chosen)]
  if (faults.length > 0) {
    throw new PlatformError('invalid_input', `the batch cannot be made: ${faults[0]?.reason}`, { errors: faults })
  }
  demandColumns(table, chosen)
  return { chosen, table, result, job: jobOf(model, { chosen, table, keep }) }
}

function wrongName(name: string, dataset: string): Fault[] {
  if (name === dataset) return [{ pointer: '/name', reason: 'the predictions would replace the dataset itself' }]
  if (Name.safeParse(name).success) return []
  return [{ pointer: '/name', reason: `${name} is no name: give a shorter one` }]
}

function wrongColumns(keep: readonly string[], { columns }: TableVersion, { scorer }: Chosen): Fault[] {
  const made = [...predictionColumns(scorer.signature), ERROR].map(({ name }) => name.toLowerCase())
  return keep.flatMap((name, at) => {
    const pointer = `/keep/${at}`
    if (keep.indexOf(name) !== at) return [{ pointer, reason: `${name} is named twice` }]
    if (made.includes(name.toLowerCase())) return [{ pointer, reason: `${name} is a column of the predictions` }]
    if (columns.some((column) => column.name === name)) return []
    return [{ pointer, reason: `there is no column ${name}; there are ${columns.map((one) => one.name).join(', ')}` }]
  })
}

/** A table that has none of the model's columns is another one; one that lacks some has missing values there. */
function demandColumns({ dataset, version, columns }: TableVersion, { scorer }: Chosen): void {
  const wanted = scorer.columns.map(({ name }) => name)
  if (wanted.some((name) => columns.some((column) => column.name === name))) return
  throw new PlatformError(
    'unprocessable',
    `${dataset}@${version} has none of the columns that the model reads: ${wanted.join(', ')}`,
  )
}

function jobOf(
  model: string,
  { chosen, table, keep }: Pick<Planned, 'chosen' | 'table'> & { readonly keep: readonly string[] },
): JobRequest {
  const parts = table.parts.map((part, at) => [`PART_${at}`, part] as const)
  const read = chosen.scorer.columns.map(({ name }) => name)
  const settings = {
    parts: parts.map(([variable]) => variable),
    rows: table.rows,
    read: read.filter((name) => table.columns.some((column) => column.name === name)),
    keep: keep.flatMap((name) => table.columns.filter((column) => column.name === name)),
  }
  return {
    program: 'batch',
    inputs: { PACKAGE: chosen.package, GRAPH: chosen.graph, ...Object.fromEntries(parts) },
    environment: { SETTINGS: JSON.stringify(settings) },
    resources: RESOURCES,
    for: { model },
  }
}
