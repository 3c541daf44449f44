import { processOf, textOf } from '../../runtime/adapters/process-tree.ts'

/** What a process and those below it have used since it started. */
export interface ProcessUsage {
  readonly coreSeconds: number
  readonly peakMemoryBytes: number
  /** Clock ticks from the system's start to the process's: with the pid it names a process for good. */
  readonly started: number
}

/** Reads a process from /proc, by a few files of its own; `null` where it is gone, or where there is no /proc. */
export function processUsage(pid: number): ProcessUsage | null {
  const root = processOf(pid)
  if (!root) return null
  let seconds = 0
  let resident = 0
  for (const member of [root.pid, ...childrenOf(root.pid)]) {
    const one = processOf(member)
    if (!one) continue
    // A child that has ended counts in what its parent has waited for.
    seconds += one.own + one.waited
    resident += kilobytes(member, 'VmRSS')
  }
  const peakMemoryBytes = Math.max(resident, kilobytes(pid, 'VmHWM')) * 1024
  return { coreSeconds: seconds, peakMemoryBytes, started: root.started }
}

/** All below it, as far as main threads have started them (proc_pid_task(5)). */
function childrenOf(pid: number): readonly number[] {
  const own = textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  return own.flatMap((child) => [child, ...childrenOf(child)])
}

function kilobytes(pid: number, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0)
}
