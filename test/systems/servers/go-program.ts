import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { kept } from './cache.ts'

/** The path of a server written in Go: built once (some minutes) from the Go module proxy, and kept. */
export function goProgram(name: string, from: string, version: string): string {
  const folder = kept(`${name}-${version}`, (making) => {
    const args = ['install', '-trimpath', '-ldflags', '-s -w', `${from}@${version}`]
    try {
      execFileSync('go', args, { env: { ...process.env, GOBIN: making }, stdio: 'inherit' })
    } catch (cause) {
      throw new Error(`no ${name} for this test: it is built by "go install", which failed or is not here`, { cause })
    }
  })
  return join(folder, name)
}
