import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { kept } from './cache.ts'

/** A folder with the files of these Debian packages, unpacked and not installed. */
export function debian(name: string, packages: readonly string[]): string {
  return kept(`debian-${name}`, (folder) => {
    execFileSync('apt-get', ['download', '-o', 'APT::Sandbox::User=root', ...packages], { cwd: folder, stdio: 'pipe' })
    for (const file of readdirSync(folder).filter((one) => one.endsWith('.deb')))
      execFileSync('dpkg', ['-x', join(folder, file), folder])
  })
}
