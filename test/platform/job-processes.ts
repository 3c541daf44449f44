import { readdirSync, readFileSync } from 'node:fs'

/** The command lines of processes that were started in this folder of jobs. */
export function jobProcesses(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
        return environment.includes(`MEZZ_OUTPUT=${folder}/`) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : []
      } catch {
        return []
      }
    })
}
