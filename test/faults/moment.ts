import type { Violation } from './judge.ts'
import { ROUTES } from './routes.ts'
import type { World } from './world.ts'

interface Passed {
  readonly trigger: string
  readonly offset: number
  readonly value: string
}

/** At any moment no position has passed an event that is not handled, dead or parked (I2): one statement, so one moment. */
export async function judgeMoment({ database }: Pick<World, 'database'>): Promise<Violation[]> {
  const routes = ROUTES.map(({ name, ...rest }) => ({ ...rest, name: name ?? '' }))
  const passed = await database.query<Passed>`
    with routes as (select * from jsonb_to_recordset(${routes}::jsonb) as r(trigger text, name text, type text, path text)),
    handled as (
      select route as name, source, id from tally.effects union all select route, source, id from poison.effects
      union all select path, source, id from publish.inbox)
    select p.trigger, l."offset", left(l.value, 80) as value
    from mezz.positions p
    join mezz.topics t on t.name = p.topic and t.identity::text = p.identity
    join routes r on r.trigger = p.trigger
    join mezz.log l on l.topic = p.topic and l.partition = p.partition and l.headers->>'ce_type' = r.type
      and (r.type <> 'mezz.schedule.due.v1' or l.key = p.trigger)
      and (l."offset" < p.position or exists (
        select from jsonb_array_elements(p.ranges) g where l."offset" >= (g->>0)::bigint and l."offset" < (g->>1)::bigint))
    where not exists (select from handled h where h.name in (r.name, r.path)
        and h.source = l.headers->>'ce_source' and h.id = l.headers->>'ce_id')
      and not exists (select from mezz.parked k where k.trigger = p.trigger and k.topic = p.topic
        and k.partition = p.partition and k."offset" = l."offset")
      and not exists (select from mezz.dead_letters d where d.trigger = p.trigger and d.record->'headers'->>'ce_id' = l.headers->>'ce_id')`
  return passed.map(({ trigger, offset, value }) => ({
    kind: 'lost',
    invariant: 'I2',
    message: `the position of ${trigger} has passed offset ${offset}, which is not settled: ${value}`,
  }))
}

/** What is left to do, in words; empty when nothing is. */
export async function leftToDo({ database }: Pick<World, 'database'>): Promise<string> {
  const rows = await database.query<{ what: string }>`
    select 'outbox ' || count(*) as what from mezz.outbox having count(*) > 0
    union all select 'parked ' || trigger || ' ' || count(*) from mezz.parked group by trigger
    union all select 'job ' || state || ' ' || count(*) from mezz.jobs where state in ('queued', 'running') group by state
    union all select r.trigger || ' stands at ' || coalesce(p.position, 0) || ' of ' || n.next
      from jsonb_to_recordset(${ROUTES}::jsonb) as r(trigger text, topic text)
      join mezz.topics t on t.name = r.topic
      join mezz.partitions n on n.topic = r.topic
      left join mezz.positions p on p.trigger = r.trigger and p.topic = r.topic and p.partition = n.partition
        and p.identity = t.identity::text
      where coalesce(p.position, 0) < n.next
    union all select 'redrive ' || count(*) from mezz.dead_letters where redrive_at is not null having count(*) > 0
    union all select 'open ' || step || ' ' || state from mezz.flow_steps where state in ('running', 'waiting')`
  return rows.map(({ what }) => what).join('; ')
}
