const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

interface Series {
  count: number
  sum: number
  readonly buckets: number[]
}

/** Requests and their seconds by method and status, in Prometheus' text format 0.0.4. */
export interface Metrics {
  observe(method: string, status: number, seconds: number): void
  render(): string
}

export function createMetrics(name: string): Metrics {
  const series = new Map<string, Series>()

  return {
    observe(method, status, seconds) {
      const labels = `function="${name}",method="${method.replaceAll(/[^A-Z]/g, '')}",status="${status}"`
      const one = series.get(labels) ?? { count: 0, sum: 0, buckets: BUCKETS.map(() => 0) }
      series.set(labels, one)
      one.count += 1
      one.sum += seconds
      BUCKETS.forEach((bound, at) => {
        if (seconds <= bound) one.buckets[at] = (one.buckets[at] ?? 0) + 1
      })
    },
    render() {
      const lines = [
        '# HELP mezz_request_seconds Seconds from a request to its answer',
        '# TYPE mezz_request_seconds histogram',
      ]
      for (const [labels, { count, sum, buckets }] of series) {
        lines.push(...BUCKETS.map((le, at) => `mezz_request_seconds_bucket{${labels},le="${le}"} ${buckets[at]}`))
        lines.push(`mezz_request_seconds_bucket{${labels},le="+Inf"} ${count}`)
        lines.push(`mezz_request_seconds_sum{${labels}} ${sum}`, `mezz_request_seconds_count{${labels}} ${count}`)
      }
      return `${lines.join('\n')}\n`
    },
  }
}
