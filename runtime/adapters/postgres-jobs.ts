import { jobEnded } from '../job-ended.ts'
import type { Causes, JobStore } from '../job-store.ts'
import type { JobRequest } from '../ports.ts'
import { storable } from '../storable.ts'
import { uuidv7 } from '../uuid.ts'
import { bell } from './bell.ts'
import type { Database } from './postgres.ts'
import { postEvent } from './postgres-outbox.ts'

const LEASE_SECONDS = 15

interface Row {
  readonly id: string
  readonly owner: string
  readonly request: JobRequest
  readonly context: Causes
  readonly attempt: number
  readonly lines: number
  readonly cancel: boolean
}

export interface JobsOptions {
  readonly team: string
  /** The engine's lasting name: what it held in an earlier life is its own to take up at once. */
  readonly engine: string
}

/** The jobs' rows as the engine's role sees them. `claim` is for an engine that has none under way, and later takes only what is free. */
export function postgresJobs(database: Database, { team, engine }: JobsOptions): JobStore {
  const { query } = database
  const mine = new Set<string>()

  return {
    async claim(most) {
      const rows = await query<Row>`
        update jobs set state = 'running', attempt = attempt + 1, engine = ${engine},
          lease_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS}),
          started_at = coalesce(started_at, clock_timestamp())
        where id in (
          select id from jobs
          where state = 'queued' or (state = 'running' and id <> all (${[...mine]}::uuid[])
            and (engine = ${engine} or lease_until < clock_timestamp()))
          order by cancel desc, created_at
          -- What is only to end needs no place.
          limit ${most} + (select count(*) from jobs where cancel and state = 'queued') for update skip locked)
        returning id, owner, request, context, attempt, cancel,
          (select coalesce(max(n), 0) from job_lines where job = jobs.id) as lines`
      for (const { id } of rows) mine.add(id)
      return rows.map(({ id, context, ...rest }) => ({ ...rest, job: id, causes: context }))
    },
    async renew(jobs) {
      const rows = await query<{ id: string }>`
        update jobs set lease_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
        where id = any (${[...jobs]}::uuid[]) and engine = ${engine} and state = 'running' returning id`
      return rows.map(({ id }) => id)
    },
    async progress({ job, attempt }, { progress, metrics, lines }) {
      return database.transaction(async (inside) => {
        const current = await inside`
          update jobs set progress = coalesce(${progress ?? null}::double precision, progress), metrics = metrics || ${metrics}::jsonb
          where id = ${job} and attempt = ${attempt} and engine = ${engine} and state = 'running' returning 1`
        if (current.length === 0) return false
        if (lines.length > 0) {
          await inside`
            insert into job_lines (job, n, line)
            select ${job}, (l->>'n')::bigint, l->>'line' from jsonb_array_elements(${lines}::jsonb) l on conflict do nothing`
        }
        return true
      })
    },
    async cancelled(jobs) {
      const rows = await query<{ id: string }>`select id from jobs where id = any (${[...jobs]}::uuid[]) and cancel`
      return rows.map(({ id }) => id)
    },
    forget(job) {
      mine.delete(job)
    },
    async finish(job, end) {
      const isMine = await database.transaction(async (inside) => {
        const outputs = end.state === 'succeeded' ? end.outputs : {}
        const error = end.state === 'failed' ? storable(end.error) : null
        const current = await inside`
          update jobs set state = ${end.state}, ended_at = clock_timestamp(), error = ${error}, outputs = ${outputs}::jsonb,
            usage = ${end.usage}::jsonb, progress = case when ${end.state} = 'succeeded' then 1 else progress end
          where id = ${job.job} and attempt = ${job.attempt} and engine = ${engine} and state = 'running' returning 1`
        if (current.length === 0) return false
        // Told to the flow run here as well: an engine that dies after this tells nothing more of it.
        await inside`
          update flow_steps set state = ${end.state === 'succeeded' ? 'done' : end.state}, error = ${error}
          where step = ${`job/${job.job}`} and source = '' and event = ''`
        const data = jobEnded.data.parse({
          job: job.job,
          owner: job.owner,
          attempt: job.attempt,
          state: end.state,
          outputs,
          ...(error === null ? {} : { error }),
          usage: end.usage,
        })
        await postEvent(inside, jobEnded.topic, {
          ...job.causes,
          id: uuidv7(),
          source: `/${team}/engine`,
          type: jobEnded.type,
          partitionkey: job.job,
          subject: job.job,
          data: JSON.stringify(data),
        })
        return true
      })
      mine.delete(job.job)
      return isMine
    },
    rung: bell(database, 'mezz_jobs'),
  }
}
