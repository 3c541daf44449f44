import type { Changes, Claimed, Ledger, PositionName, Range, Start } from '../ledger.ts'
import type { Query } from '../ports.ts'
import type { LogRecord } from '../topics.ts'
import { uuidv7 } from '../uuid.ts'
import type { Database } from './postgres.ts'

interface Position {
  readonly epoch: number
  readonly number: number
  readonly position: number
  readonly ranges: Range[]
  readonly identity: string
}

interface ParkedRow {
  readonly record: LogRecord
  readonly attempts: number
  readonly due: Date
}

/** Positions, parked events and dead letters as tables of the team's database. */
export function postgresLedger(database: Database): Ledger {
  return {
    async claim(name, start) {
      return database.transaction((query) => claim(query, name, start))
    },
    async write(name, epoch, changes) {
      return database.transaction((query) => write(query, name, { epoch, changes }))
    },
    async deadLetters() {
      const rows = await database.query<{ trigger: string; count: number }>`
        select trigger, count(*) as count from dead_letters group by trigger`
      return new Map(rows.map(({ trigger, count }) => [trigger, count]))
    },
  }
}

async function claim(
  query: Query,
  { trigger, topic, partition }: PositionName,
  { startFrom, bounds }: Start,
): Promise<Claimed> {
  const first = startFrom === 'earliest' ? bounds.low : bounds.high
  await query`
    insert into positions (trigger, topic, partition, epoch, position, identity)
    values (${trigger}, ${topic}, ${partition}, 0, ${first}, ${bounds.identity}) on conflict do nothing`
  const [before] = await query<Position>`
    select epoch, number, position, ranges, identity from positions
    where trigger = ${trigger} and topic = ${topic} and partition = ${partition} for update`
  const epoch = (before?.epoch ?? 0) + 1
  // A log that was made anew counts from its own start; one that was cut begins where it is cut.
  const isSame = before?.identity === bounds.identity
  const position = isSame && before ? Math.max(before.position, bounds.low) : bounds.low
  const ranges = isSame && before ? before.ranges : []
  await query`
    update positions set epoch = ${epoch}, number = 0, position = ${position}, ranges = ${ranges}::jsonb,
      identity = ${bounds.identity}, updated_at = clock_timestamp()
    where trigger = ${trigger} and topic = ${topic} and partition = ${partition}`
  const parked = await query<ParkedRow>`
    select record, attempts, due from parked
    where trigger = ${trigger} and topic = ${topic} and partition = ${partition} order by "offset"`
  return {
    epoch,
    position,
    ranges,
    parked: parked.map(({ record, attempts, due }) => ({ record, attempts, due: due.getTime() })),
  }
}

async function write(
  query: Query,
  { trigger, topic, partition }: PositionName,
  { epoch, changes }: { epoch: number; changes: Changes },
): Promise<boolean> {
  const [held] = await query<{ number: number }>`
    select number from positions
    where trigger = ${trigger} and topic = ${topic} and partition = ${partition} and epoch = ${epoch} for update`
  if (!held) return false
  if (held.number >= changes.number) return true
  const { number, position, ranges, park, update, unpark, dead } = changes
  await query`
    update positions set number = ${number}, position = ${position}, ranges = ${ranges}::jsonb, updated_at = clock_timestamp()
    where trigger = ${trigger} and topic = ${topic} and partition = ${partition}`
  if (unpark.length > 0) {
    await query`
      delete from parked where trigger = ${trigger} and topic = ${topic} and partition = ${partition}
      and "offset" = any (${[...unpark]}::bigint[])`
  }
  if (park.length > 0) {
    await query`
      insert into parked (trigger, topic, partition, "offset", record, attempts, due)
      select ${trigger}, ${topic}, ${partition}, (p->'record'->>'offset')::bigint, p->'record', (p->>'attempts')::integer,
        to_timestamp((p->>'due')::double precision / 1000)
      from jsonb_array_elements(${park}::jsonb) p`
  }
  if (update.length > 0) {
    await query`
      update parked set attempts = (u->>'attempts')::integer, due = to_timestamp((u->>'due')::double precision / 1000)
      from jsonb_array_elements(${update}::jsonb) u
      where trigger = ${trigger} and topic = ${topic} and partition = ${partition} and "offset" = (u->>'offset')::bigint`
  }
  if (dead.length > 0) {
    const rows = dead.map((one) => ({ ...one, id: uuidv7(one.at) }))
    await query`
      insert into dead_letters (id, trigger, topic, partition, "offset", record, attempts, error, at)
      select (d->>'id')::uuid, ${trigger}, ${topic}, ${partition}, (d->'record'->>'offset')::bigint, d->'record',
        (d->>'attempts')::integer, d->'error', to_timestamp((d->>'at')::double precision / 1000)
      from jsonb_array_elements(${rows}::jsonb) d on conflict (trigger, topic, partition, "offset") do nothing`
  }
  return true
}
