import { Cron } from 'croner'
import type { Schedule } from './define.ts'

/** The last instant of a schedule after `last` and until `now`; `null` where there is none. A clock that was set back brings none again. */
export function newestInstant(schedule: Schedule, last: Date, now: Date): Date | null {
  const times = timesOf(schedule)
  if ((times.nextRun(last)?.getTime() ?? Number.POSITIVE_INFINITY) > now.getTime()) return null
  // Of whole seconds, and before its argument.
  const [at] = times.previousRuns(1, new Date(now.getTime() + 1))
  return at && at > last ? at : null
}

/** Why a schedule's times cannot be told, or `null`. */
export function faultOf(schedule: Schedule): string | null {
  try {
    return timesOf(schedule).nextRun() ? null : 'it never comes'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function timesOf({ cron, zone }: Schedule): Cron {
  return new Cron(cron, { timezone: zone, paused: true })
}
