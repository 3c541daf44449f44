/**
 * `2024-01-05`, `2024/1/5 8:30`, `2024-01-05T08:30:00.25+08:00`: a date, perhaps a time of day, perhaps its zone (else UTC).
 * The groups are date, time and zone. Read by JavaScript and by DuckDB's RE2 alike.
 */
export const TIME =
  '((?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)(?:-[0-9]{1,2}-|/[0-9]{1,2}/)[0-9]{1,2})' +
  '(?:[T ]((?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{1,9})?)?) ?(Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)?)?'

const WHOLE = new RegExp(`^ *${TIME} *$`)
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const MICROS_PER_MINUTE = 60_000_000n

/** Microseconds since 1970-01-01T00:00Z; digits beyond are cut off. `undefined` for a text that names no moment. */
export function parseTime(text: string): bigint | undefined {
  const [, date = '', time = '0:00', zone = 'Z'] = WHOLE.exec(text) ?? []
  const [year = 0, month = 0, day = 0] = date.split(/[-/]/).map(Number)
  const february29 = month === 2 && day === 29
  if (day < 1 || day > (DAYS[month - 1] ?? 0) || (february29 && !isLeap(year))) return undefined

  const [hours = '0', minutes = '0', seconds = '0'] = time.split(':')
  const [whole = '0', fraction = ''] = seconds.split('.')
  const moment = new Date(0)
  moment.setUTCFullYear(year, month - 1, day)
  moment.setUTCHours(Number(hours), Number(minutes), Number(whole))
  return (
    BigInt(moment.getTime()) * 1000n +
    BigInt(fraction.slice(0, 6).padEnd(6, '0')) -
    BigInt(offset(zone)) * MICROS_PER_MINUTE
  )
}

/** ISO 8601, UTC, with as many decimals of the second as it needs: what `parseTime` reads back. */
export function isoTime(micros: bigint): string {
  const millis = micros >= 0n ? micros / 1000n : (micros - 999n) / 1000n
  const rest = micros - millis * 1000n
  const text = new Date(Number(millis)).toISOString()
  if (rest !== 0n) return text.replace('Z', `${String(rest).padStart(3, '0')}Z`)
  return text.replace('.000Z', 'Z')
}

/** The parts of a moment in UTC; `weekday` runs from 1 (Monday) to 7, `epoch` is seconds since 1970. */
export function timeParts(micros: bigint) {
  const day = new Date(Number(micros >= 0n ? micros / 1000n : (micros - 999n) / 1000n))
  return {
    year: day.getUTCFullYear(),
    month: day.getUTCMonth() + 1,
    day: day.getUTCDate(),
    weekday: day.getUTCDay() || 7,
    hour: day.getUTCHours(),
    epoch: Number(micros) / 1e6,
  }
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** Minutes east of UTC. */
function offset(zone: string): number {
  if (zone === 'Z') return 0
  const digits = zone.slice(1).replace(':', '')
  return (zone.startsWith('-') ? -1 : 1) * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || '0'))
}
