import type { Flow, FlowEvent, FlowStep, Records } from '../records.ts'
import type { Database } from './postgres.ts'
import { postgresLineage } from './postgres-lineage.ts'

type EventRow = Omit<FlowEvent, 'failure' | 'authtype'> & {
  readonly failure: string | null
  readonly authtype: string | null
}
type StepRow = Omit<FlowStep, 'waitingFor' | 'coldStartMs' | 'process' | 'error' | 'ms'> & {
  readonly waiting_for: string | null
  readonly cold_start_ms: number | null
  readonly process: string | null
  readonly error: string | null
  readonly ms: number | null
}

/** Flow runs and lineage as tables of the team's database. */
export function postgresRecords({ query }: Database): Records {
  async function flowsOf(ids: readonly string[]): Promise<Flow[]> {
    const events = await query<EventRow>`
      select * from flow_events where correlationid = any (${[...ids]}::text[]) order by at, id`
    const steps = await query<StepRow>`
      select * from flow_steps where correlationid = any (${[...ids]}::text[]) order by at, step`
    const cancelled = await query<{ id: string }>`
      select correlationid as id from cancelled_flows where correlationid = any (${[...ids]}::text[])`
    return ids.map((id) => ({
      id,
      isCancelled: cancelled.some((one) => one.id === id),
      events: events.filter(({ correlationid }) => correlationid === id).map(toEvent),
      steps: steps.filter(({ correlationid }) => correlationid === id).map(toStep),
    }))
  }

  return {
    ...postgresLineage(query),
    async events(events) {
      const rows = events.map((one) => ({ ...one, failure: one.failure ?? null }))
      await query`
        insert into flow_events (id, source, type, subject, correlationid, causationid, authtype, authid, at, failure)
        select e->>'id', e->>'source', e->>'type', e->>'subject', e->>'correlationid', e->>'causationid', e->>'authtype', e->>'authid',
          (e->>'time')::timestamptz, e->>'failure'
        from jsonb_array_elements(${rows}::jsonb) e on conflict do nothing`
    },
    async steps(steps) {
      // The last word on a step is the one that counts; one statement cannot touch a row twice.
      const last = new Map(steps.map((one) => [`${one.step} ${one.source} ${one.event}`, one]))
      await query`
        insert into flow_steps (correlationid, source, event, type, subject, step, function, state, waiting_for, at, ms,
          attempts, process, cold_start_ms, error)
        select s->>'correlationid', s->>'source', s->>'event', s->>'type', s->>'subject', s->>'step', s->>'function', s->>'state',
          s->>'waitingFor', (s->>'at')::timestamptz, (s->>'ms')::double precision, (s->>'attempts')::integer, s->>'process',
          (s->>'coldStartMs')::double precision, s->>'error'
        from jsonb_array_elements(${[...last.values()]}::jsonb) s
        on conflict (step, source, event) do update set state = excluded.state, waiting_for = excluded.waiting_for,
          ms = coalesce(excluded.ms, flow_steps.ms), attempts = excluded.attempts, error = excluded.error,
          process = coalesce(excluded.process, flow_steps.process),
          cold_start_ms = coalesce(excluded.cold_start_ms, flow_steps.cold_start_ms)
        where flow_steps.state in ('running', 'waiting') or excluded.state not in ('running', 'waiting')
          or excluded.attempts > flow_steps.attempts`
    },
    async flows({ limit, after }) {
      const ids = await query<{ id: string }>`
        with runs as (
          select correlationid as id, min(at) as at
          from (select correlationid, at from flow_events union all select correlationid, at from flow_steps) whole
          group by correlationid)
        select id from runs
        where ${after ?? null}::text is null or (at, id) < (select at, id from runs where id = ${after ?? ''})
        order by at desc, id desc limit ${limit}`
      return flowsOf(ids.map(({ id }) => id))
    },
    async flow(id) {
      const [flow] = await flowsOf([id])
      return flow && flow.events.length + flow.steps.length > 0 ? flow : null
    },
  }
}

function toEvent({ failure, authtype, ...rest }: EventRow): FlowEvent {
  return { ...rest, authtype: authtype ?? undefined, failure: failure ?? undefined }
}

function toStep({ waiting_for, cold_start_ms, process, error, ms, ...rest }: StepRow): FlowStep {
  return {
    ...rest,
    ms: ms ?? undefined,
    waitingFor: waiting_for ?? undefined,
    coldStartMs: cold_start_ms ?? undefined,
    process: process ?? undefined,
    error: error ?? undefined,
  }
}
