import type { Query } from 'mezz/ports'
import type { Extraction } from './facts.ts'

/** Remembers that a dataset or a script was deleted up to a version, or a view up to an extraction. */
export async function markDeleted(
  query: Query,
  { kind, name, upTo }: { readonly kind: 'dataset' | 'view' | 'script'; readonly name: string; readonly upTo: number },
): Promise<void> {
  await query`
    insert into deleted as known (kind, name, up_to) values (${kind}, ${name}, ${upTo})
    on conflict (kind, name) do update set up_to = greatest(known.up_to, excluded.up_to)`
}

/** Remembers when a model was deleted. */
export async function markModelDeleted(query: Query, model: string, time: string): Promise<void> {
  await query`
    insert into deleted as known (kind, name, at) values ('model', ${model}, ${time})
    on conflict (kind, name) do update set at = greatest(known.at, excluded.at)`
}

/** When a model of this name was last deleted, or `null`. */
export async function modelDeletedAt(query: Query, model: string): Promise<Date | null> {
  const [row] = await query<{ at: Date }>`select at from deleted where kind = 'model' and name = ${model}`
  return row?.at ?? null
}

/** Whether an extraction's view or its data were deleted after it was made. */
export async function isGone(query: Query, { view, number, inputs }: Extraction): Promise<boolean> {
  const rows = await query`
    select 1 from deleted d
    where (d.kind = 'view' and d.name = ${view} and coalesce(${number ?? null}::bigint <= d.up_to, true))
      or (d.kind = 'dataset' and exists (
        select 1 from jsonb_to_recordset(${inputs}::jsonb) as input (dataset text, version integer)
        where input.dataset = d.name and input.version <= d.up_to))
    limit 1`
  return rows.length > 0
}

export async function forgetExtraction(query: Query, extraction: string): Promise<void> {
  await query`delete from extractions where extraction = ${extraction}`
}

/** Forgets the extractions of a dataset's versions up to this one. */
export async function forgetExtractionsOf(query: Query, dataset: string, versions: number): Promise<void> {
  await query`
    delete from extractions where exists (
      select 1 from jsonb_to_recordset(facts->'inputs') as input (dataset text, version integer)
      where input.dataset = ${dataset} and input.version <= ${versions})`
}

/** Forgets a view's extractions up to this number. */
export async function forgetExtractionsBy(query: Query, view: string, extractions: number): Promise<void> {
  await query`
    delete from extractions where view = ${view} and coalesce((facts->>'number')::bigint <= ${extractions}, true)`
}

/** Whether a pipeline is there; if so, nobody deletes it until this transaction's end. */
export async function sharePipeline(query: Query, name: string): Promise<boolean> {
  return (await query`select 1 from pipelines where name = ${name} for share`).length > 0
}

/** Deletes a pipeline and answers with its model, or `null` where there is none of this name. One that is put anew starts anew. */
export async function deletePipeline(query: Query, name: string): Promise<string | null> {
  const [row] = await query<{ model: string }>`delete from pipelines where name = ${name} returning model`
  await query`update runs set once = null where pipeline = ${name} and once is not null`
  return row?.model ?? null
}

/** The jobs of a pipeline's runs that have no end yet. */
export async function openJobs(query: Query, pipeline: string): Promise<string[]> {
  const rows = await query<{ job: string }>`
    select job from runs where pipeline = ${pipeline} and state = 'queued' and job is not null`
  return rows.map(({ job }) => job)
}

/** The runs of a model that were asked for until then (to the millisecond); `job` while it has no end. */
export async function runsUntil(
  query: Query,
  model: string,
  time: string,
): Promise<readonly { readonly id: string; readonly job: string | null }[]> {
  return query`
    select id, case when state = 'queued' then job end as job from runs
    where model = ${model} and date_trunc('milliseconds', created_at) <= ${time}::timestamptz`
}
