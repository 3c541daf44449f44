import type { Query } from 'mezz/ports'
import type { Extraction, RunFacts, RunRow } from './facts.ts'
import type { Repository } from './git-look.ts'
import type { Pipeline } from './pipeline.ts'

interface PipelineRow extends Omit<Pipeline, 'dataset' | 'resources' | 'publish' | 'runtime' | 'timeout' | 'serving'> {
  readonly dataset: string | null
  readonly resources: NonNullable<Pipeline['resources']> | null
  readonly publish: NonNullable<Pipeline['publish']> | null
  readonly runtime: NonNullable<Pipeline['runtime']> | null
  readonly timeout: number | null
  readonly serving: NonNullable<Pipeline['serving']> | null
}

/** Puts a pipeline in the place of one of its name; answers with it as it is read from now on, and whether there was none. */
export async function savePipeline(query: Query, given: Pipeline): Promise<{ saved: Pipeline; isNew: boolean }> {
  const { name, view, model, target, task, trainer, parameters, holdout } = given
  const { dataset = null, resources = null, publish = null, runtime = null, timeout = null, serving = null } = given
  const [row] = await query<PipelineRow & { readonly fresh: boolean }>`
    insert into pipelines (name, dataset, view, model, target, task, trainer, parameters, resources, holdout, publish,
      runtime, timeout, serving)
    values (${name}, ${dataset}, ${view}, ${model}, ${target}, ${task}, ${JSON.stringify(trainer)}::jsonb, ${parameters}::jsonb,
      ${resources}::jsonb, ${holdout}, ${publish}::jsonb, ${runtime}, ${timeout}, ${serving}::jsonb)
    on conflict (name) do update set dataset = excluded.dataset, view = excluded.view, model = excluded.model,
      target = excluded.target, task = excluded.task, trainer = excluded.trainer, parameters = excluded.parameters,
      resources = excluded.resources, holdout = excluded.holdout, publish = excluded.publish, runtime = excluded.runtime,
      timeout = excluded.timeout, serving = excluded.serving, updated_at = clock_timestamp()
    returning *, xmax = 0 as fresh`
  if (!row) throw new Error(`pipeline ${name} was not stored`)
  return { saved: pipeline(row), isNew: row.fresh }
}

export async function findPipeline(query: Query, name: string): Promise<Pipeline | null> {
  const [row] = await query<PipelineRow>`select * from pipelines where name = ${name}`
  return row ? pipeline(row) : null
}

export async function listPipelines(query: Query, page: { limit: number; after: string }): Promise<Pipeline[]> {
  const rows = await query<PipelineRow>`
    select * from pipelines where name > ${page.after} order by name limit ${page.limit}`
  return rows.map(pipeline)
}

export async function pipelinesOn(query: Query, view: string): Promise<Pipeline[]> {
  const rows = await query<PipelineRow>`select * from pipelines where view = ${view} order by name`
  return rows.map(pipeline)
}

export async function pipelinesOfScript(query: Query, script: string): Promise<Pipeline[]> {
  const rows = await query<PipelineRow>`select * from pipelines where trainer->>'script' = ${script} order by name`
  return rows.map(pipeline)
}

export async function pipelinesOfGit(query: Query, { git, ref }: Repository): Promise<Pipeline[]> {
  const rows = await query<PipelineRow>`
    select * from pipelines where trainer->>'git' = ${git} and trainer->>'ref' = ${ref} order by name`
  return rows.map(pipeline)
}

/** The repositories that pipelines train from, each once. */
export async function repositories(query: Query): Promise<Repository[]> {
  return query<Repository>`
    select distinct trainer->>'git' as git, trainer->>'ref' as ref from pipelines where trainer ? 'git' order by 1, 2`
}

/** Keeping the same extraction again changes nothing. */
export async function keepExtraction(query: Query, extraction: Extraction): Promise<void> {
  await query`
    insert into extractions (extraction, view, facts) values (${extraction.extraction}, ${extraction.view}, ${extraction}::jsonb)
    on conflict do nothing`
}

export async function lastExtraction(query: Query, view: string): Promise<Extraction | null> {
  const [row] = await query<{ facts: Extraction }>`
    select facts from extractions where view = ${view} order by n desc limit 1`
  return row?.facts ?? null
}

export async function hasRun(query: Query, once: string): Promise<boolean> {
  return (await query`select 1 from runs where once = ${once}`).length > 0
}

/** Adds a run; false when an automatic one of the same `once` is there already. */
export async function addRun(
  query: Query,
  run: {
    readonly id: string
    readonly facts: RunFacts
    readonly once: string | null
    readonly job: string | null
    readonly error: string | null
  },
): Promise<boolean> {
  const { id, facts, once, job, error } = run
  const { pipeline, extraction } = facts
  const state = error === null ? 'queued' : 'failed'
  const rows = await query`
    insert into runs (id, pipeline, model, view, extraction, once, order_facts, job, state, error, finished_at)
    values (${id}, ${pipeline.name}, ${pipeline.model}, ${extraction.view}, ${extraction.extraction}, ${once}, ${facts}::jsonb,
      ${job}, ${state}, ${error}, case when ${state} = 'failed' then clock_timestamp() end)
    on conflict (once) do nothing returning 1`
  return rows.length > 0
}

export async function setJob(query: Query, run: string, job: string): Promise<void> {
  await query`update runs set job = ${job} where id = ${run}`
}

export async function findRun(query: Query, id: string): Promise<RunRow | null> {
  const [row] = await query<RunRow>`select * from runs where id = ${id}`
  return row ?? null
}

export async function runOfJob(query: Query, job: string): Promise<RunRow | null> {
  const [row] = await query<RunRow>`select * from runs where job = ${job}`
  return row ?? null
}

/** The newest first. */
export async function listRuns(
  query: Query,
  page: { readonly model: string | null; readonly limit: number; readonly after: string | null },
): Promise<RunRow[]> {
  return query<RunRow>`
    select * from runs where (${page.model}::text is null or model = ${page.model})
      and (${page.after}::uuid is null or id < ${page.after}::uuid)
    order by id desc limit ${page.limit}`
}

/** The one end of a run; false when it has one already. */
export async function endRun(
  query: Query,
  id: string,
  end: {
    readonly state: 'succeeded' | 'failed' | 'cancelled'
    readonly metrics: Readonly<Record<string, number>>
    readonly error: string | null
    readonly startedAt: Date | null
  },
): Promise<boolean> {
  const rows = await query`
    update runs set state = ${end.state}, metrics = ${end.metrics}::jsonb, error = ${end.error}, started_at = ${end.startedAt},
      finished_at = clock_timestamp()
    where id = ${id} and state = 'queued' returning 1`
  return rows.length > 0
}

function pipeline({ dataset, resources, publish, runtime, timeout, serving, ...row }: PipelineRow): Pipeline {
  const { name, view, model, target, task, trainer, parameters, holdout } = row
  return {
    name,
    ...(dataset === null ? {} : { dataset }),
    view,
    model,
    target,
    task,
    trainer,
    parameters,
    ...(resources === null ? {} : { resources }),
    holdout,
    ...(runtime === null ? {} : { runtime }),
    ...(timeout === null ? {} : { timeout }),
    ...(publish === null ? {} : { publish }),
    ...(serving === null ? {} : { serving }),
  }
}
