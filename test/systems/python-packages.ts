import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** A Python that has these packages: a virtual environment outside the tree, made once for their digest by whatever pip is set up. */
export function pythonWith(requirements: string): string {
  const digest = hash('sha256', readFileSync(requirements)).slice(0, 16)
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const folder = join(cache, 'mezz-test', `python-${digest}`)
  const python = join(folder, 'bin/python')
  const whole = join(folder, 'whole')
  if (existsSync(whole)) return python
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--requirement', requirements], {
    stdio: 'inherit',
  })
  writeFileSync(whole, '')
  return python
}
