import { PlatformError } from '../../runtime/errors.ts'

/** Runs work that a SIGINT, SIGTERM or SIGHUP breaks off by its signal, so that it can clean up; a second one ends the process at once. */
export async function untilSignal<result>(work: (signal: AbortSignal) => Promise<result>): Promise<result> {
  const ended = new AbortController()
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const end = (name: NodeJS.Signals): void => {
    if (ended.signal.aborted) process.exit(1)
    ended.abort(new PlatformError('unavailable', `ended by ${name}, nothing is left of it`))
  }
  for (const name of names) process.on(name, end)
  try {
    return await work(ended.signal)
  } finally {
    for (const name of names) process.off(name, end)
  }
}
