import type { JobStore } from '../../../runtime/job-store.ts'
import type { Launcher } from '../../../runtime/launcher.ts'
import type { Ledger } from '../../../runtime/ledger.ts'
import type { Outbox } from '../../../runtime/outbox.ts'
import type { Passage } from './passage.ts'

/** An outbox with passages around the way to the log. */
export function outboxAt(passage: Passage, outbox: Outbox): Outbox {
  return {
    ...outbox,
    async take(most) {
      const events = await outbox.take(most)
      if (events.length > 0) passage('committed-before-relay')
      return events
    },
    async drop(seqs) {
      passage('appended-before-dropped')
      await outbox.drop(seqs)
    },
  }
}

/** A ledger with passages around its writes. */
export function ledgerAt(passage: Passage, ledger: Ledger): Ledger {
  return {
    ...ledger,
    async write(name, epoch, changes) {
      passage('answer-before-position')
      const stored = await ledger.write(name, epoch, changes)
      passage('position-stored')
      return stored
    },
  }
}

/** A job store with passages around claims and ends. */
export function jobsAt(passage: Passage, jobs: JobStore): JobStore {
  return {
    ...jobs,
    async claim(most) {
      const claimed = await jobs.claim(most)
      if (claimed.length > 0) passage('job-claimed')
      return claimed
    },
    async finish(job, end) {
      passage('job-ended-before-commit')
      const isMine = await jobs.finish(job, end)
      passage('job-end-committed')
      return isMine
    },
  }
}

/** A launcher with a passage at the first word of a program. */
export function launcherAt(passage: Passage, launcher: Launcher): Launcher {
  return {
    ...launcher,
    run: (attempt, { signal, line }) =>
      launcher.run(attempt, {
        signal,
        line(text) {
          line(text)
          passage('job-running')
        },
      }),
  }
}
