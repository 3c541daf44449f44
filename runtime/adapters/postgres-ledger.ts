import { beginning } from '../beginning.ts'
import { fingerprintOf } from '../fingerprint.ts'
import type { Changes, Claimed, Ledger, PositionName, Standing, Start } from '../ledger.ts'
import type { Query } from '../ports.ts'
import type { LogRecord } from '../topics.ts'
import { uuidv7 } from '../uuid.ts'
import type { Database } from './postgres.ts'
import { setTriggerState } from './postgres-trigger-states.ts'

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

async function claim(query: Query, { trigger, topic, partition }: PositionName, start: Start): Promise<Claimed> {
  const { identity } = start.bounds
  // Owners come one after the other, also the first ones, who find no row to lock.
  await query`select pg_advisory_xact_lock(hashtext(${`claim ${trigger}`}), hashtext(${`${topic}/${partition}`}))`
  const [last] = await query<{ epoch: number | null }>`
    select max(epoch) as epoch from positions
    where trigger = ${trigger} and topic = ${topic} and partition = ${partition}`
  const [stored] = await query<Standing>`
    select position, ranges from positions
    where trigger = ${trigger} and topic = ${topic} and partition = ${partition} and identity = ${identity} for update`
  const epoch = (last?.epoch ?? 0) + 1
  const { position, ranges } = beginning(stored ?? null, start)
  await query`
    insert into positions (trigger, topic, partition, identity, epoch, position, ranges)
    values (${trigger}, ${topic}, ${partition}, ${identity}, ${epoch}, ${position}, ${ranges}::jsonb)
    on conflict (trigger, topic, partition, identity) do update set epoch = excluded.epoch, number = 0,
      position = excluded.position, ranges = excluded.ranges, updated_at = clock_timestamp()`
  const parked = await query<ParkedRow>`
    select record, attempts, due from parked
    where trigger = ${trigger} and topic = ${topic} and partition = ${partition} and identity = ${identity} order by "offset"`
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
  const [held] = await query<{ number: number; identity: string; latest: boolean }>`
    select number, identity, epoch = (
      select max(epoch) from positions where trigger = ${trigger} and topic = ${topic} and partition = ${partition}) as latest
    from positions
    where trigger = ${trigger} and topic = ${topic} and partition = ${partition} and epoch = ${epoch} for update`
  if (!held?.latest) return false
  if (held.number >= changes.number) return true
  const { identity } = held
  const { number, position, ranges, park, update, unpark, dead } = changes
  await query`
    update positions set number = ${number}, position = ${position}, ranges = ${ranges}::jsonb, updated_at = clock_timestamp()
    where trigger = ${trigger} and topic = ${topic} and partition = ${partition} and epoch = ${epoch}`
  if (unpark.length > 0) {
    await query`
      delete from parked where trigger = ${trigger} and topic = ${topic} and partition = ${partition}
      and identity = ${identity} and "offset" = any (${[...unpark]}::bigint[])`
  }
  if (park.length > 0) {
    await query`
      insert into parked (trigger, topic, partition, identity, "offset", record, attempts, due)
      select ${trigger}, ${topic}, ${partition}, ${identity}, (p->'record'->>'offset')::bigint, p->'record', (p->>'attempts')::integer,
        to_timestamp((p->>'due')::double precision / 1000)
      from jsonb_array_elements(${park}::jsonb) p`
  }
  if (update.length > 0) {
    await query`
      update parked set attempts = (u->>'attempts')::integer, due = to_timestamp((u->>'due')::double precision / 1000)
      from jsonb_array_elements(${update}::jsonb) u
      where trigger = ${trigger} and topic = ${topic} and partition = ${partition}
        and identity = ${identity} and "offset" = (u->>'offset')::bigint`
  }
  if (dead.length > 0) {
    const rows = dead.map((one) => ({ ...one, id: uuidv7(one.at), fingerprint: fingerprintOf(trigger, one.error) }))
    await query`
      insert into dead_letters (id, trigger, topic, partition, identity, "offset", record, attempts, error, fingerprint, at)
      select (d->>'id')::uuid, ${trigger}, ${topic}, ${partition}, ${identity}, (d->'record'->>'offset')::bigint, d->'record',
        (d->>'attempts')::integer, d->'error', d->>'fingerprint', to_timestamp((d->>'at')::double precision / 1000)
      from jsonb_array_elements(${rows}::jsonb) d on conflict (trigger, topic, partition, identity, "offset") do nothing`
  }
  if (changes.stop !== undefined) await setTriggerState(query, trigger, { state: 'stopped', reason: changes.stop })
  return true
}
