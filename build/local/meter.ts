import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Usage, UsageReport } from '../../runtime/usage.ts'
import { createCounts } from './counts.ts'
import type { FunctionProcess } from './process.ts'
import { processUsage } from './process-usage.ts'

/** Counts what functions use here: requests as they come, processor time and memory as readings of their processes show. */
export interface Meter {
  /** A request to a function; `path` is what follows its name. */
  request(name: string, path: string, response: ServerResponse): void
  /** Reads a process of a function until it ends, and once more before it is told to. */
  watch(name: string, process: FunctionProcess): FunctionProcess
  /** Reports from now on, each minute and when asked. */
  reportTo(usage: Pick<Usage, 'add'>): void
  /** Reports what was counted until now; rejects when the store fails, and then it stays for the next report. */
  report(): Promise<void>
  /** Reports for the last time, in so many milliseconds. */
  close(most: number): Promise<void>
}

export interface MeterOptions {
  /** Reports that failed; they are made again. */
  failed(error: unknown): void
}

/** A process that is killed has used up to so much more than is known. */
const READ_EVERY = 2000
const REPORT_EVERY = 60_000
const MODEL_ROUTE = /^\/(?:v2\/)?models\/([a-z0-9-]+)(?:\/versions\/[^/?]+)?\/(?:predict|infer)(?:\?|$)/

/**
 * Begins to count. What a platform that is killed has not reported is lost, at most a minute of it; nothing is counted
 * twice: a report whose outcome is not known is made again under its number.
 */
export function openMeter({ failed }: MeterOptions): Meter {
  const counts = createCounts()
  const watched = new Map<number, { readonly name: string; readonly started: number; coreSeconds: number }>()
  const writer = randomUUID()
  let usage: Pick<Usage, 'add'> | undefined
  let pending: UsageReport | undefined
  let number = 0
  let reporting: Promise<void> = Promise.resolve()
  const reader = setInterval(() => {
    for (const pid of watched.keys()) read(pid)
  }, READ_EVERY).unref()
  const reporter = setInterval(() => report().catch(failed), REPORT_EVERY).unref()

  function read(pid: number): void {
    const known = watched.get(pid)
    const now = processUsage(pid)
    if (!known || now?.started !== known.started) return
    // What a child used that nobody waited for is gone with it.
    const coreSeconds = Math.max(0, now.coreSeconds - known.coreSeconds)
    known.coreSeconds += coreSeconds
    counts.add('function', known.name, { coreSeconds, peakMemoryBytes: now.peakMemoryBytes })
  }
  function report(): Promise<void> {
    reporting = reporting.catch(() => undefined).then(store)
    return reporting
  }
  async function store(): Promise<void> {
    if (!usage) return
    for (const pid of watched.keys()) read(pid)
    if (pending) await usage.add(pending)
    pending = undefined
    const rows = counts.take()
    if (rows.length === 0) return
    pending = { writer, number: ++number, rows }
    await usage.add(pending)
    pending = undefined
  }

  return {
    request(name, path, response) {
      counts.add('function', name, { requests: 1 })
      const model = /^infer(-|$)/.test(name) ? MODEL_ROUTE.exec(path)?.[1] : undefined
      if (model === undefined) return
      response.once('close', () => {
        const { statusCode } = response
        // What was sent on comes again where it was sent. What is wrong with a request is the function's alone: it may
        // name any model, also one that there is not.
        if (statusCode >= 300 && statusCode < 429) return
        counts.add('model', model, { requests: 1, predictions: statusCode < 300 && response.writableFinished ? 1 : 0 })
      })
    },
    watch(name, process) {
      const { pid } = process
      const now = processUsage(pid)
      if (!now) return process
      watched.set(pid, { name, started: now.started, coreSeconds: 0 })
      process.ended.then(() => watched.delete(pid))
      return {
        ...process,
        stop(grace) {
          read(pid)
          return process.stop(grace)
        },
      }
    },
    reportTo(store) {
      usage = store
    },
    report,
    async close(most) {
      clearInterval(reader)
      clearInterval(reporter)
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(() => late.reject(new Error(`the store did not take it in ${most} ms`)), most)
      await Promise.race([report(), late.promise]).catch(failed)
      clearTimeout(timer)
    },
  }
}
