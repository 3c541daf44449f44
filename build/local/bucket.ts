import { setTimeout as wait } from 'node:timers/promises'
import { prepareBucket } from '../../runtime/adapters/s3-bucket.ts'
import type { S3Options } from '../../runtime/adapters/s3-options.ts'
import type { EngineLog } from '../../triggers/engine/trigger.ts'

export interface KeptBucket {
  /** Resolves after the first try. */
  readonly tried: Promise<unknown>
  /** Why it cannot be used yet, or `null`. */
  missing(): string | null
  close(): Promise<void>
}

const TRY_AGAIN = 2000

/** Makes the team's bucket as soon as its server answers: a platform need not wait for it. */
export function keepBucket(options: S3Options, log: EngineLog): KeptBucket {
  const ended = new AbortController()
  let missing: string | null = 'not tried yet'

  async function attempt(): Promise<boolean> {
    try {
      await prepareBucket(options)
      missing = null
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (missing !== reason) log('error', `the bucket ${options.bucket} cannot be used yet; it is tried again`, error)
      missing = reason
    }
    return missing === null
  }
  async function again(): Promise<void> {
    do await wait(TRY_AGAIN, undefined, { signal: ended.signal }).catch(() => undefined)
    while (!ended.signal.aborted && !(await attempt()))
    if (missing === null) log('info', `the bucket ${options.bucket} is there`)
  }

  const tried = attempt()
  const trying = tried.then((isThere) => (isThere ? undefined : again()))
  return {
    tried,
    missing: () => missing,
    async close() {
      ended.abort()
      await trying
    },
  }
}
