import type { Family } from '../../runtime/exposition.ts'
import { requestFamily } from '../../runtime/request-series.ts'
import type { FunctionCounts } from '../../triggers/engine/function-counts.ts'
import type { FunctionStatus } from './pool.ts'

const OF_POOLS = [
  ['mezz_processes', 'gauge', 'Processes that take requests', (one) => one.processes],
  ['mezz_processes_starting', 'gauge', 'Processes that do not listen yet', (one) => one.starting],
  ['mezz_queued_requests', 'gauge', 'Requests that wait for a place in a process', (one) => one.queued],
  ['mezz_gateway_requests_total', 'counter', 'Requests that came to the gateway', (one) => one.requests],
  ['mezz_gateway_errors_total', 'counter', 'Requests that no process could answer well', (one) => one.errors],
] as const satisfies readonly (readonly [string, Family['type'], string, (one: FunctionStatus) => number])[]

/** What functions have counted, and what the gateway knows of them, for Prometheus. */
export function platformFamilies(counts: FunctionCounts, pools: readonly FunctionStatus[]): readonly Family[] {
  return [
    requestFamily(counts.series()),
    {
      name: 'mezz_processes_lost_total',
      help: 'Processes that ended before they had handed their last counters over: up to a second of each is missing',
      type: 'counter',
      samples: [...counts.lost()].map(([name, value]) => ({ labels: { function: name }, value })),
    },
    ...OF_POOLS.map(([name, type, help, read]) => ({
      name,
      type,
      help,
      samples: pools.map((one) => ({ labels: { function: one.name }, value: read(one) })),
    })),
  ]
}
