import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Notes a process group, so that the next start finds it if we are killed; answers with the way to take the note back. */
export function noteProcess(folder: string, pid: number): () => void {
  const file = join(folder, String(pid))
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, startOf(pid) ?? '')
  return () => rmSync(file, { force: true })
}

/** Ends the process groups that an earlier start noted and left running; a number that went to another process since is left alone. */
export function endLeftovers(folder: string): readonly number[] {
  mkdirSync(folder, { recursive: true })
  const ended: number[] = []
  for (const name of readdirSync(folder)) {
    const pid = Number(name)
    const noted = readFileSync(join(folder, name), 'utf8')
    if (pid > 1 && noted !== '' && noted === startOf(pid)) {
      process.kill(-pid, 'SIGKILL')
      ended.push(pid)
    }
    rmSync(join(folder, name))
  }
  return ended
}

/** When a process began, in words that no other process of this number shares; `null` when there is none. */
function startOf(pid: number): string | null {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command's name may hold blanks and brackets, so the fields are counted after its last one: proc(5), field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? null : `${boot} ${fields[19]}`
  } catch {
    return null
  }
}
