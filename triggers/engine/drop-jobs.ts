import type { EndedJob, Expiry } from '../../runtime/expiry.ts'
import type { Objects } from '../../runtime/ports.ts'

export interface DropJobsOptions {
  readonly objects: Pick<Objects, 'list' | 'remove'>
  readonly expiry: Pick<Expiry, 'endedJobs' | 'forgetJob' | 'guarded'>
}

const PAGE = 100

/**
 * Drops the jobs that ended before, with their lines and outputs; answers how many. An output whose digest somebody keeps stays
 * under its name, and its job's row with it, until a later round finds it released.
 */
export async function dropJobs(
  { objects, expiry }: DropJobsOptions,
  before: Date,
  signal: AbortSignal,
): Promise<number> {
  let dropped = 0
  for (let after: string | null = null; ; ) {
    const jobs: readonly EndedJob[] = await expiry.endedJobs(before, { after, limit: PAGE })
    for (const job of jobs) {
      signal.throwIfAborted()
      const stays = await dropOutputs(job)
      await expiry.forgetJob(job.id, stays)
      if (Object.keys(stays).length === 0) dropped++
    }
    if (jobs.length < PAGE) return dropped
    after = jobs.at(-1)?.id ?? after
  }

  /** Answers with those that stay. */
  async function dropOutputs({ id, outputs }: EndedJob): Promise<EndedJob['outputs']> {
    const paths = new Map(Object.entries(outputs).map(([path, { name }]) => [name, path]))
    const stays: Record<string, EndedJob['outputs'][string]> = {}
    for (const { name } of await objects.list(`jobs/${id}/`)) {
      const path = paths.get(name)
      const output = path === undefined ? undefined : outputs[path]
      // What an attempt left that did not count is nobody's.
      if (path === undefined || !output) await objects.remove(name)
      else if (!(await isRemoved(output))) stays[path] = output
    }
    return stays
  }
  function isRemoved({ name, sha256 }: EndedJob['outputs'][string]): Promise<boolean> {
    return expiry.guarded(sha256, async (isKept) => {
      if (await isKept()) return false
      await objects.remove(name)
      return true
    })
  }
}
