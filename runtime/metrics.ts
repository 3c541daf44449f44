import { exposition } from './exposition.ts'
import type { RequestSeries } from './request-series.ts'
import { BUCKETS, requestFamily } from './request-series.ts'

/** Requests and their seconds by method and status, counted since the process began. */
export interface Metrics {
  observe(method: string, status: number, seconds: number): void
  /** What was counted, as it is now. */
  counted(): readonly RequestSeries[]
  /** The same in Prometheus' text format. */
  render(): string
}

export function createMetrics(name: string): Metrics {
  const series = new Map<string, RequestSeries>()

  return {
    observe(method, status, seconds) {
      const key = `${method} ${status}`
      const one = series.get(key) ?? { method, status, count: 0, sum: 0, buckets: BUCKETS.map(() => 0) }
      series.set(key, one)
      one.count += 1
      one.sum += seconds
      BUCKETS.forEach((bound, at) => {
        if (seconds <= bound) one.buckets[at] = (one.buckets[at] ?? 0) + 1
      })
    },
    counted: () => [...series.values()],
    render: () => exposition([requestFamily([[name, [...series.values()]]])]),
  }
}
