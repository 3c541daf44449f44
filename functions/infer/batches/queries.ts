import type { ObjectRef, Query } from 'mezz/ports'
import type { Definition } from 'mezz/tabular/definition'

/** A version of a dataset, as its event tells of it. */
export interface TableVersion {
  readonly dataset: string
  readonly version: number
  /** `sha256:` + hex. */
  readonly digest: string
  readonly parts: readonly ObjectRef[]
  readonly columns: Definition['columns']
  readonly rows: number
}

/** A batch as it is stored; while its job has no end it is `queued`, and the job tells more. */
export interface BatchRow {
  readonly id: string
  readonly model: string
  readonly version: number
  readonly dataset: string
  readonly dataset_version: number
  readonly result: string
  readonly job: string
  readonly state: 'queued' | 'succeeded' | 'failed' | 'cancelled'
  readonly rows: number
  readonly unpredicted: number | null
  readonly digest: string | null
  readonly error: string | null
  readonly created_at: Date
  readonly finished_at: Date | null
  /** Of the result, once its event has come. */
  readonly result_version: number | null
}

/** Keeping the same version again changes nothing. */
export async function keepVersion(query: Query, found: TableVersion): Promise<void> {
  const { dataset, version, digest, parts, columns, rows } = found
  await query`
    insert into datasets (dataset, version, digest, parts, columns, rows)
    values (${dataset}, ${version}, ${digest}, ${parts}, ${columns}, ${rows})
    on conflict do nothing`
}

/** This version of a dataset, the newest one where none is named, or `null`. */
export async function findVersion(query: Query, dataset: string, version: number | null): Promise<TableVersion | null> {
  const [row] = await query<TableVersion>`
    select * from datasets where dataset = ${dataset} and (${version}::integer is null or version = ${version})
    order by version desc limit 1`
  return row ?? null
}

export async function addBatch(
  query: Query,
  batch: Pick<BatchRow, 'id' | 'model' | 'version' | 'dataset' | 'dataset_version' | 'result' | 'job' | 'rows'>,
): Promise<void> {
  const { id, model, version, dataset, dataset_version, result, job, rows } = batch
  await query`
    insert into batches (id, model, version, dataset, dataset_version, result, job, rows)
    values (${id}, ${model}, ${version}, ${dataset}, ${dataset_version}, ${result}, ${job}, ${rows})`
}

export async function findBatch(query: Query, model: string, id: string): Promise<BatchRow | null> {
  const [row] = await query<BatchRow>`
    select *, (select max(d.version) from datasets d where d.dataset = b.result and d.digest = b.digest) as result_version
    from batches b where model = ${model} and id = ${id}`
  return row ?? null
}

export async function batchOfJob(query: Query, job: string): Promise<BatchRow | null> {
  const [row] = await query<BatchRow>`select *, null as result_version from batches where job = ${job}`
  return row ?? null
}

/** The newest first. */
export async function listBatches(
  query: Query,
  page: { readonly model: string; readonly limit: number; readonly after: string | null },
): Promise<BatchRow[]> {
  return query<BatchRow>`
    select *, (select max(d.version) from datasets d where d.dataset = b.result and d.digest = b.digest) as result_version
    from batches b where model = ${page.model} and (${page.after}::uuid is null or id < ${page.after}::uuid)
    order by id desc limit ${page.limit}`
}

/** The one end of a batch; false when it has one already. */
export async function endBatch(
  query: Query,
  id: string,
  end: Pick<BatchRow, 'state' | 'error' | 'digest' | 'unpredicted'>,
): Promise<boolean> {
  const rows = await query`
    update batches set state = ${end.state}, error = ${end.error}, digest = ${end.digest}, unpredicted = ${end.unpredicted},
      finished_at = clock_timestamp()
    where id = ${id} and state = 'queued' returning 1`
  return rows.length > 0
}

/** The batches whose predictions have this digest and become this dataset. */
export async function batchesOf(query: Query, dataset: string, digest: string): Promise<string[]> {
  const rows = await query<{ id: string }>`select id from batches where result = ${dataset} and digest = ${digest}`
  return rows.map(({ id }) => id)
}

/** Up to which version a dataset of this name was deleted; 0 where none was. */
export async function deletedUpTo(query: Query, dataset: string): Promise<number> {
  const [row] = await query<{ versions: number }>`select versions from deleted where dataset = ${dataset}`
  return row?.versions ?? 0
}

/** Forgets the versions of a dataset up to this one, and remembers that they are gone; answers with the batches whose predictions had become them. */
export async function forgetVersions(query: Query, dataset: string, versions: number): Promise<string[]> {
  await query`
    insert into deleted as known (dataset, versions) values (${dataset}, ${versions})
    on conflict (dataset) do update set versions = greatest(known.versions, excluded.versions)`
  const rows = await query<{ id: string }>`
    select b.id from batches b join datasets d on d.dataset = b.result and d.digest = b.digest
    where b.result = ${dataset} and d.version <= ${versions}`
  await query`delete from datasets where dataset = ${dataset} and version <= ${versions}`
  return rows.map(({ id }) => id)
}
