import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import * as z from 'zod'
import type { Metrics } from './metrics.ts'
import { RequestSeries } from './request-series.ts'

/** All that a process has counted since it began; a later one of the same process takes an earlier one's place. */
export const Handover = z.object({
  function: z.string(),
  /** Of the process, unlike any other's. */
  instance: z.string(),
  pid: z.int(),
  /** Grows with each: 1 is the process' first. */
  number: z.int().positive(),
  /** Nothing more is counted. */
  last: z.boolean(),
  series: z.array(RequestSeries),
})
export type Handover = z.infer<typeof Handover>

export interface HandOverOptions {
  readonly name: string
  readonly url: string
  readonly metrics: Metrics
  /** Is told once for each time that nobody takes them. */
  failed(error: unknown): void
}

/** A process that is killed has counted up to so many milliseconds of requests in vain. */
const EVERY = 1000
const MOST = 2000

/** Hands a process' counters over to who sums them: at once, whenever they have grown, and for the last time when asked. */
export function handOver({ name, url, metrics, failed }: HandOverOptions): { close(most: number): Promise<void> } {
  const instance = randomUUID()
  let number = 1
  let told = -1
  let isFailing = false
  let sending: Promise<void> = Promise.resolve()

  async function send(last: boolean, most: number): Promise<void> {
    const series = metrics.counted()
    const total = series.reduce((sum, { count }) => sum + count, 0)
    if (total === told && !last) return
    const handover: Handover = { function: name, instance, pid: process.pid, number, last, series: [...series] }
    try {
      await post(url, JSON.stringify(handover), most)
      number++
      told = total
      isFailing = false
    } catch (error) {
      if (!isFailing) failed(error)
      isFailing = true
    }
  }
  function next(last = false, most = MOST): Promise<void> {
    sending = sending.then(() => send(last, most))
    return sending
  }
  const timer = setInterval(() => void next(), EVERY).unref()
  void next()

  return {
    async close(most) {
      clearInterval(timer)
      await next(true, most)
    },
  }
}

// Not `fetch`: its first use takes longer than all else that a small function does.
function post(url: string, body: string, most: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const asked = request(url, { method: 'POST', headers, signal: AbortSignal.timeout(most) }, (answer) => {
      const { statusCode = 0 } = answer.resume()
      answer.once('end', () => (statusCode < 300 ? resolve() : reject(new Error(`answered ${statusCode}`))))
      answer.once('error', reject)
    })
    asked.once('error', reject)
    asked.end(body)
  })
}
