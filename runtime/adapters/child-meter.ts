import type { Process } from './process-tree.ts'
import { descendants, processes, processOf, textOf } from './process-tree.ts'

export interface Meter {
  /** Looks at the processes; answers with the bytes of memory that they hold now. */
  sample(): number
  /** Seconds of processor time. To 10 ms for what its parent waited for; of the rest, what the samples saw. */
  coreSeconds(): number
  /** The largest sum of resident memory that a sample saw, or the largest peak (VmHWM) of one process: at least this much was used. */
  peakMemoryBytes(): number
}

/** Measures a child of this process, its session and all that came from them. Zero where there is no /proc. */
export function meter(session: number): Meter {
  const seconds = new Map<string, number>()
  let peak = 0

  return {
    sample() {
      const members = descendants(processes(), (one) => one.session === session || seconds.has(identity(one)))
      let resident = 0
      for (const member of members) {
        seconds.set(identity(member), member.own)
        const status = textOf(`/proc/${member.pid}/status`)
        resident += kilobytes(status, 'VmRSS')
        peak = Math.max(peak, resident, kilobytes(status, 'VmHWM'))
      }
      return resident
    },
    coreSeconds() {
      const seen = [...seconds.values()].reduce((sum, one) => sum + one, 0)
      return Math.max(seen, processOf('self')?.waited ?? 0)
    },
    peakMemoryBytes: () => peak,
  }
}

/** Bytes that these processes hold, each shared page counted once: what `sample` sums counts it for each of them. */
export function memoryWithoutSharing(session: number): number {
  return descendants(processes(), (one) => one.session === session).reduce(
    (sum, { pid }) => sum + kilobytes(textOf(`/proc/${pid}/smaps_rollup`), 'Pss'),
    0,
  )
}

function identity({ pid, started }: Process): string {
  return `${pid}:${started}`
}

function kilobytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
}
