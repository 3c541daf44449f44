import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

/** One process, as Linux shows it (proc_pid_stat(5)). */
export interface Process {
  readonly pid: number
  readonly parent: number
  readonly session: number
  /** Clock ticks since the system started: with the pid it names a process for good. */
  readonly started: number
  /** Processor time in seconds, of itself and of the children it waited for. */
  readonly own: number
  readonly waited: number
  readonly isZombie: boolean
}

/** What belongs together: a session that we made, and what carries a variable that we gave (as `NAME=start of value`). */
export interface Family {
  readonly session?: number
  readonly mark: string
}

/** USER_HZ, which is 100 on every Linux that Node runs on (time(7)). */
const TICKS = 100

/** Every process of this machine; none where there is no /proc. */
export function processes(): Process[] {
  return entries('/proc').flatMap((pid) => (/^\d+$/.test(pid) ? (processOf(Number(pid)) ?? []) : []))
}

/** One process, or `undefined` when it is gone. */
export function processOf(pid: number | 'self'): Process | undefined {
  const stat = textOf(`/proc/${pid}/stat`)
  if (!stat) return undefined
  // The second field is the program's name, in brackets, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const number = (index: number) => Number(fields[index])
  return {
    pid: Number.parseInt(stat, 10),
    parent: number(1),
    session: number(3),
    started: number(19),
    own: (number(11) + number(12)) / TICKS,
    waited: (number(13) + number(14)) / TICKS,
    isZombie: fields[0] === 'Z' || fields[0] === 'X',
  }
}

/** Of these processes, those that `isRoot` names, those that share a session with one of them that leads it, and all that came from them. */
export function descendants(all: readonly Process[], isRoot: (one: Process) => boolean): Process[] {
  const found = new Set(all.filter(isRoot).map(({ pid }) => pid))
  for (let size = -1; size !== found.size; ) {
    size = found.size
    for (const { pid, parent, session } of all) if (found.has(parent) || found.has(session)) found.add(pid)
  }
  return all.filter(({ pid }) => found.has(pid))
}

/** Kills a family, wherever its members went, and resolves when none is left. */
export async function endFamily({ session, mark }: Family): Promise<void> {
  for (;;) {
    if (session) kill(-session, 'SIGKILL')
    const left = descendants(processes(), (one) => one.session === session || isMarked(one.pid, mark))
    const alive = left.filter(({ isZombie }) => !isZombie)
    if (alive.length === 0) return
    for (const { pid } of alive) kill(pid, 'SIGKILL')
    await setTimeout(10)
  }
}

/** Signals a process, or a group as a negative number; one that is gone is no error. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function isMarked(pid: number, mark: string): boolean {
  return textOf(`/proc/${pid}/environ`)
    .split('\0')
    .some((variable) => variable.startsWith(mark))
}

/** Empty when the process is gone, or another user's. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
