import * as z from 'zod'
import { columns } from './columns.ts'

export const Hour = z.object({
  hour: z.string(),
  name: z.string(),
  coreSeconds: z.number(),
  peakMemoryBytes: z.number(),
  gpuSeconds: z.number(),
  requests: z.number(),
  predictions: z.number(),
  events: z.number(),
  storedBytes: z.number().optional(),
})
export type Hour = z.infer<typeof Hour>

/** Usage as a table, an hour of a name in each line, and where there are several hours the whole of each name below. */
export function usageText(hours: readonly Hour[], by: string): string {
  if (hours.length === 0) return 'nothing was used\n'
  const byName = [...Map.groupBy(hours, ({ name }) => name)].sort(([a], [b]) => (a < b ? -1 : 1))
  const isLong = new Set(hours.map(({ hour }) => hour)).size > 1
  const wholes = isLong ? byName.map(([, some]) => cells('in all', some)) : []
  const heads = [
    'HOUR (UTC)',
    by.toUpperCase(),
    'CORES',
    'MEMORY',
    'GPUS',
    'REQUESTS',
    'PREDICTIONS',
    'EVENTS',
    'STORED',
  ]
  return columns(heads, [...hours.map((one) => cells(clock(one.hour), [one])), ...wholes])
}

/** The sum of some hours of one name: of memory the most, of what is stored the last reading. */
function cells(when: string, some: readonly Hour[]): readonly string[] {
  const sum = (of: (one: Hour) => number): number => some.reduce((total, one) => total + of(one), 0)
  const stored = some.findLast(({ storedBytes }) => storedBytes !== undefined)?.storedBytes
  return [
    when,
    some[0]?.name ?? '',
    seconds(sum(({ coreSeconds }) => coreSeconds)),
    bytes(Math.max(...some.map(({ peakMemoryBytes }) => peakMemoryBytes))),
    seconds(sum(({ gpuSeconds }) => gpuSeconds)),
    count(sum(({ requests }) => requests)),
    count(sum(({ predictions }) => predictions)),
    count(sum(({ events }) => events)),
    bytes(stored ?? 0),
  ]
}

function seconds(number: number): string {
  return number > 0 ? `${number.toFixed(2)} s` : ''
}

function bytes(number: number): string {
  if (number === 0) return ''
  return number < 2 ** 20 ? `${(number / 1024).toFixed(1)} KiB` : `${(number / 2 ** 20).toFixed(1)} MiB`
}

function count(number: number): string {
  return number > 0 ? String(number) : ''
}

function clock(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ')
}
