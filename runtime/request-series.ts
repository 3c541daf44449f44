import * as z from 'zod'
import type { Family } from './exposition.ts'

/** Upper bounds in seconds. */
export const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const

/** Requests of one method that got one status, and how many of them took at most so long. */
export const RequestSeries = z.object({
  method: z.string(),
  status: z.int(),
  count: z.int().nonnegative(),
  /** Seconds. */
  sum: z.number().nonnegative(),
  buckets: z.array(z.int().nonnegative()).length(BUCKETS.length),
})
export type RequestSeries = z.infer<typeof RequestSeries>

/** The series of several processes as one of each kind. */
export function together(all: readonly RequestSeries[]): readonly RequestSeries[] {
  const sums = new Map<string, RequestSeries>()
  for (const one of all) {
    const key = `${one.method} ${one.status}`
    const before = sums.get(key)
    sums.set(key, before ? plus(before, one) : one)
  }
  return [...sums.values()]
}

/** A histogram of each function's requests, for Prometheus. */
export function requestFamily(functions: Iterable<readonly [name: string, series: readonly RequestSeries[]]>): Family {
  return {
    name: 'mezz_request_seconds',
    help: 'Seconds from a request to its answer',
    type: 'histogram',
    samples: [...functions].flatMap(([name, series]) =>
      series.flatMap(({ method, status, count, sum, buckets }) => {
        const labels = { function: name, method, status: String(status) }
        return [
          ...BUCKETS.map((le, at) => ({
            suffix: '_bucket',
            labels: { ...labels, le: String(le) },
            value: buckets[at] ?? 0,
          })),
          { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
          { suffix: '_sum', labels, value: sum },
          { suffix: '_count', labels, value: count },
        ]
      }),
    ),
  }
}

function plus(a: RequestSeries, b: RequestSeries): RequestSeries {
  const buckets = a.buckets.map((value, at) => value + (b.buckets[at] ?? 0))
  return { ...a, count: a.count + b.count, sum: a.sum + b.sum, buckets }
}
