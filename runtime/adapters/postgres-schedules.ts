import type { Schedules } from '../schedules.ts'
import type { Database } from './postgres.ts'
import { postEvent } from './postgres-outbox.ts'

/** Schedules as rows of the team's database. */
export function postgresSchedules(database: Database): Schedules {
  return {
    async last(trigger, now) {
      const [row] = await database.query<{ last: Date }>`
        insert into schedules (trigger, last) values (${trigger}, ${now})
        on conflict (trigger) do update set last = schedules.last returning last`
      return row?.last ?? now
    },
    tell: (trigger, { last, at }, { topic, envelope }) =>
      database.transaction(async (query) => {
        const moved = await query`
          update schedules set last = ${at} where trigger = ${trigger} and last = ${last} returning 1`
        if (moved.length === 0) return false
        await postEvent(query, topic, envelope)
        return true
      }),
  }
}
