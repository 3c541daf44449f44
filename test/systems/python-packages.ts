import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kept } from './servers/cache.ts'

/** A Python that has these packages: a virtual environment outside the tree, made once for their digest by whatever pip is set up. */
export function pythonWith(requirements: string): string {
  // An environment names its own folder in its files: it is made in place.
  const digest = hash('sha256', readFileSync(requirements)).slice(0, 16)
  const place = kept(`python-${digest}`, () => undefined)
  const [python, whole] = [join(place, 'bin/python'), join(place, 'whole')]
  if (existsSync(whole)) return python
  execFileSync('python3', ['-m', 'venv', '--clear', place], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--requirement', requirements], {
    stdio: 'inherit',
  })
  writeFileSync(whole, '')
  return python
}
