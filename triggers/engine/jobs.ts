import { setTimeout as wait } from 'node:timers/promises'
import { MOST_DATA } from '../../runtime/event.ts'
import type { ClaimedJob, JobStore } from '../../runtime/job-store.ts'
import type { AttemptEnd, Launcher } from '../../runtime/launcher.ts'
import type { FlowStep } from '../../runtime/records.ts'
import type { Spans } from '../../runtime/spans.ts'
import type { EngineCounts } from './engine-counts.ts'
import { jobSpan } from './job-span.ts'
import { createProgress } from './progress.ts'
import type { StepLog } from './step-log.ts'
import type { EngineLog } from './trigger.ts'

export interface JobsOptions {
  readonly store: JobStore
  readonly launcher: Launcher
  readonly steps: StepLog
  readonly log: EngineLog
  readonly counts: EngineCounts
  readonly spans?: Spans | undefined
  /** Jobs under way at most. */
  readonly parallel: number
}

const RENEW = 5000
const PROGRESS = 300
const FINISH_AGAIN = 1000
const BEGIN_AGAIN = { first: 500, most: 60_000 }
/** An engine that dies again and again under one job is likely killed by it. */
const MOST_ATTEMPTS = 10
/** Bytes of the names of what a program leaves: they go into an event. */
const MOST_NAMES = MOST_DATA - 16 * 1024
const NOTHING_USED = { coreSeconds: 0, peakMemoryBytes: 0, gpuSeconds: 0 }

/** Runs the team's jobs until the signal ends, then ends what is under way: it waits for the next engine. Rejects when the store fails. */
export async function runJobs(
  { store, launcher, steps, log, counts, spans, parallel }: JobsOptions,
  signal: AbortSignal,
): Promise<void> {
  const faults = new Map<string, string>()
  const underWay = new Map<
    string,
    { readonly stop: AbortController; readonly cancel: AbortController; readonly done: Promise<void> }
  >()
  const stopped = new AbortController()
  const ended = AbortSignal.any([signal, stopped.signal])
  const renewing = renew()

  try {
    while (!ended.aborted) {
      const rung = store.rung(ended)
      const free = Math.max(0, parallel - underWay.size)
      // A store that is away must not end what is under way.
      const claimed = await store.claim(free).catch(notClaimed)
      for (const job of claimed) begin(job)
      await cancel().catch((error: unknown) => log('warn', 'whether jobs were cancelled is not known yet', error))
      if (claimed.length < free || free === 0)
        await Promise.race([rung, ...[...underWay.values()].map(({ done }) => done)])
    }
  } finally {
    stopped.abort()
    for (const { stop } of underWay.values()) stop.abort()
    await Promise.all([renewing, ...[...underWay.values()].map(({ done }) => done)])
  }

  function notClaimed(error: unknown): readonly ClaimedJob[] {
    log('warn', 'no job could be claimed; it is tried again', error)
    return []
  }
  function begin(job: ClaimedJob): void {
    const stop = new AbortController()
    const cancel = new AbortController()
    if (job.cancel) cancel.abort()
    counts.jobBegun()
    const done = attempt(job, stop.signal, cancel.signal)
      .catch((error: unknown) => putOff(job, stop.signal, error))
      .finally(() => {
        underWay.delete(job.job)
        counts.jobEnded()
      })
    underWay.set(job.job, { stop, cancel, done })
  }
  async function cancel(): Promise<void> {
    const left = [...underWay].filter(([, { cancel }]) => !cancel.signal.aborted).map(([id]) => id)
    if (left.length === 0) return
    for (const id of await store.cancelled(left)) underWay.get(id)?.cancel.abort()
  }

  /** It keeps its place meanwhile, so that a launcher that is away is not asked without end. */
  async function putOff(job: ClaimedJob, stop: AbortSignal, error: unknown): Promise<void> {
    faults.set(job.job, error instanceof Error ? error.message : String(error))
    log('error', `job ${job.job} could not be run; it is tried again`, error)
    const pause = Math.min(BEGIN_AGAIN.most, BEGIN_AGAIN.first * 2 ** (job.attempt - 1))
    await wait(pause, undefined, { signal: stop }).catch(() => undefined)
    store.forget(job.job)
  }

  async function attempt(job: ClaimedJob, stop: AbortSignal, cancel: AbortSignal): Promise<void> {
    const step = stepOf(job)
    const span = jobSpan(spans, job)
    steps.add({ ...step, state: 'running' })
    const progress = createProgress(job.lines)
    const telling = tell()
    const end = await run().finally(() => progress.close())
    await telling
    faults.delete(job.job)
    // Stopped because the engine ends, or another has it: its end is not ours to tell.
    if (stop.aborted) return
    span.end(end)
    if (!(await finish(span.job, end, stop))) return
    counts.jobDone(end.state)
    const ms = Date.now() - step.at.getTime()
    const state = end.state === 'succeeded' ? 'done' : end.state
    steps.add({ ...step, state, ms, error: end.state === 'failed' ? end.error : undefined })
    await steps.flush()

    async function run(): Promise<AttemptEnd> {
      if (job.attempt > MOST_ATTEMPTS) return failed(givenUp(faults.get(job.job)))
      await launcher.clear(job.job)
      if (cancel.aborted) return { state: 'cancelled', usage: NOTHING_USED }
      const end = await launcher.run(span.job, {
        signal: AbortSignal.any([stop, cancel]),
        line: (text) => progress.line(text),
      })
      const names = end.state === 'succeeded' ? Buffer.byteLength(JSON.stringify(end.outputs)) : 0
      if (names <= MOST_NAMES) return end
      return failed('it left too many files to name them in one event: put them into one archive', end.usage)
    }
    async function tell(): Promise<void> {
      while (await progress.more()) {
        await wait(PROGRESS, undefined, { signal: stop }).catch(() => undefined)
        const told = progress.take()
        const isCurrent = await store.progress(job, told).catch((error: unknown) => {
          progress.giveBack(told)
          log('warn', `the progress of job ${job.job} was not stored; it is tried again`, error)
          return true
        })
        if (!isCurrent) return
      }
    }
  }

  /** Tells the end until it is stored: the work is done, and must not be done again for a store that was away. */
  async function finish(job: ClaimedJob, end: AttemptEnd, stop: AbortSignal): Promise<boolean> {
    while (!stop.aborted) {
      try {
        // Its step, so that the end finds it.
        await steps.flush()
        return await store.finish(job, end)
      } catch (error) {
        log('warn', `the end of job ${job.job} was not stored; it is tried again`, error)
        await wait(FINISH_AGAIN, undefined, { signal: stop }).catch(() => undefined)
      }
    }
    return false
  }

  async function renew(): Promise<void> {
    while (!ended.aborted) {
      await wait(RENEW, undefined, { signal: ended }).catch(() => undefined)
      if (underWay.size === 0) continue
      const ids = [...underWay.keys()]
      const mine = await store.renew(ids).catch((error: unknown) => {
        log('warn', 'the claims on jobs were not renewed; it is tried again', error)
        return ids
      })
      for (const id of ids) if (!mine.includes(id)) underWay.get(id)?.stop.abort()
    }
  }
}

function givenUp(fault: string | undefined): string {
  const why = fault ? `the last one could not be run: ${fault}` : 'the engine ended each time while it ran'
  return `given up after ${MOST_ATTEMPTS} attempts; ${why}`
}

function failed(error: string, usage = NOTHING_USED): AttemptEnd {
  return { state: 'failed', error, usage }
}

function stepOf(job: ClaimedJob): Omit<FlowStep, 'state'> & { readonly at: Date } {
  return {
    correlationid: job.causes.correlationid,
    source: '',
    event: '',
    type: job.request.program,
    subject: job.job,
    step: `job/${job.job}`,
    function: job.owner,
    at: new Date(),
    attempts: job.attempt,
  }
}
