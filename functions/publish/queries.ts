import type { ObjectRef, Query } from 'mezz/ports'
import type { Conversion, RunFacts, Trained } from './facts.ts'

/** A version of a model as it stands in the table. */
export interface VersionRow {
  readonly model: string
  readonly version: number
  readonly run: string
  readonly state: 'candidate' | 'published' | 'rejected' | 'retired'
  readonly metrics: Trained['metrics']
  readonly inputs: Trained['inputs']
  readonly package: ObjectRef | null
  readonly reason: string | null
  /** Percent. */
  readonly traffic: number
  readonly turn: number | null
  readonly at: Date
}

/** That a model was deleted: its versions up to this one, then. */
export interface Deletion {
  readonly versions: number
  readonly at: Date
}

/** Keeps one fact of a run (the first of its kind) and answers with all that is known, in one statement: of two that meet, one sees both. */
export async function keepFact(
  query: Query,
  { run, model }: { readonly run: string; readonly model: string },
  { trained = null, conversion = null }: Partial<RunFacts>,
): Promise<RunFacts> {
  const [facts] = await query<{ trained: Trained | null; conversion: Conversion | null }>`
    insert into runs as known (run, model, trained, conversion) values (${run}, ${model}, ${trained}, ${conversion})
    on conflict (run) do update set
      trained = coalesce(known.trained, excluded.trained),
      conversion = coalesce(known.conversion, excluded.conversion)
    returning trained, conversion`
  return facts ?? { trained, conversion }
}

/** The versions of a model, in their order. */
export async function versionsOf(query: Query, model: string): Promise<VersionRow[]> {
  return query<VersionRow>`select * from versions where model = ${model} order by version`
}

/** The run of the model's published version; `null` where none is published. */
export async function publishedRun(
  query: Query,
  model: string,
): Promise<{ readonly version: number; readonly trained: Trained } | null> {
  const [row] = await query<{ version: number; trained: Trained }>`
    select v.version, r.trained from versions v join runs r on r.run = v.run
    where v.model = ${model} and v.state = 'published' and r.trained is not null`
  return row ?? null
}

/** Whether this version of a model, or the published one, serves itself by a script. */
export async function isScripted(query: Query, model: string, version: number): Promise<boolean> {
  const rows = await query`
    select 1 from versions v join runs r on r.run = v.run
    where v.model = ${model} and (v.version = ${version} or v.state = 'published') and r.trained ? 'script'`
  return rows.length > 0
}

/** The names of models that have a version, in their order. */
export async function modelNames(query: Query, limit: number, after: string): Promise<string[]> {
  const rows = await query<{ model: string }>`
    select distinct model collate "C" as model from versions
      where model collate "C" > ${after} order by model limit ${limit}`
  return rows.map(({ model }) => model)
}

/** Adds a version of no traffic yet. */
export async function addVersion(
  query: Query,
  { run, model, metrics, inputs }: Trained,
  made: Pick<VersionRow, 'version' | 'state' | 'package' | 'reason'>,
): Promise<void> {
  await query`
    insert into versions (model, version, run, state, metrics, inputs, package, reason)
      values (${model}, ${made.version}, ${run}, ${made.state}, ${metrics}, ${inputs}, ${made.package}, ${made.reason})`
}

/** Gives all traffic to this version, as the model's next publication; the former one retires. */
export async function putInFront(query: Query, model: string, version: number, turn: number): Promise<void> {
  await query`
    update versions set state = case state when 'published' then 'retired' else state end, traffic = 0
      where model = ${model}`
  await query`
    update versions set state = 'published', traffic = 100, turn = ${turn}
      where model = ${model} and version = ${version}`
}

/** Takes a version out of the row of publications. */
export async function forgetTurn(query: Query, model: string, version: number): Promise<void> {
  await query`update versions set turn = null where model = ${model} and version = ${version}`
}

/** Sets a version's share of the traffic, in percent. */
export async function setTraffic(query: Query, model: string, version: number, traffic: number): Promise<void> {
  await query`update versions set traffic = ${traffic} where model = ${model} and version = ${version}`
}

/** The deletion of a model of this name, or `null`. */
export async function findDeletion(query: Query, model: string): Promise<Deletion | null> {
  const [row] = await query<Deletion>`select versions, at from deleted where model = ${model}`
  return row ?? null
}

/** Deletes all versions of a model, whose lock this transaction has, and what is known of its runs; remembers up to which version and when. */
export async function deleteModel(query: Query, model: string, versions: number): Promise<Date> {
  await query`delete from versions where model = ${model}`
  await query`delete from runs where model = ${model}`
  const [row] = await query<{ at: Date }>`
    insert into deleted (model, versions) values (${model}, ${versions})
    on conflict (model) do update set versions = excluded.versions, at = excluded.at
    returning at`
  if (!row) throw new Error(`the deletion of ${model} was not stored`)
  return row.at
}

/** Forgets the facts of a run that has no version. */
export async function forgetRun(query: Query, run: string): Promise<void> {
  await query`delete from runs where run = ${run}`
}

/** The pipelines that have trained a model, by name. */
export async function pipelinesBehind(query: Query, model: string): Promise<string[]> {
  const rows = await query<{ name: string }>`
    select distinct trained->>'pipeline' as name from runs where model = ${model} and trained is not null order by 1`
  return rows.map(({ name }) => name)
}
