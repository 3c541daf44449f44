import type { ClaimedJob } from '../../runtime/job-store.ts'
import type { AttemptEnd } from '../../runtime/launcher.ts'
import type { Spans } from '../../runtime/spans.ts'
import { continueTrace, traceparent } from '../../runtime/trace.ts'

/** A job's attempt as a span within the request that asked for it; what follows from its end lies within it. */
export function jobSpan(spans: Spans | undefined, job: ClaimedJob) {
  const trace = continueTrace(job.causes.traceparent, spans?.samples)
  const at = Date.now()
  const begun = performance.now()

  return {
    /** The same job, whose program and event go on with this span. */
    job: spans ? within(job, traceparent(trace)) : job,
    end(end: AttemptEnd): void {
      spans?.ended({
        trace,
        name: `job ${job.owner}/${job.request.program}`,
        kind: 'internal',
        at,
        ms: performance.now() - begun,
        attributes: {
          'mezz.job.id': job.job,
          'mezz.job.attempt': job.attempt,
          'mezz.job.state': end.state,
          'mezz.function': job.owner,
          'mezz.job.core_seconds': end.usage.coreSeconds,
          'mezz.job.peak_memory_bytes': end.usage.peakMemoryBytes,
        },
        error: end.state === 'failed' ? end.error : undefined,
      })
    },
  }
}

function within(job: ClaimedJob, traceparent: string): ClaimedJob {
  return { ...job, traceparent, causes: { ...job.causes, traceparent } }
}
