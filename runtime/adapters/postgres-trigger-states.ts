import type { Query } from '../ports.ts'
import type { TriggerState, TriggerStates } from '../trigger-states.ts'
import { bell } from './bell.ts'
import type { Database } from './postgres.ts'

/** Trigger states as rows of the team's database. */
export function postgresTriggerStates(database: Database): TriggerStates {
  return {
    async all() {
      const rows = await database.query<
        TriggerState & { name: string }
      >`select name, state, reason, number from triggers`
      return new Map(rows.map(({ name, ...state }) => [name, state]))
    },
    set: (trigger, state, reason) => setTriggerState(database.query, trigger, { state, reason }),
    rung: bell(database, 'mezz_triggers'),
  }
}

/** In the transaction of `query`, if it is one's. */
export async function setTriggerState(
  query: Query,
  trigger: string,
  { state, reason }: Pick<TriggerState, 'state' | 'reason'>,
): Promise<void> {
  await query`
    insert into triggers (name, state, reason, number) values (${trigger}, ${state}, ${reason}, 1)
    on conflict (name) do update set state = excluded.state, reason = excluded.reason, number = triggers.number + 1`
  await query`select pg_notify('mezz_triggers', '')`
}
