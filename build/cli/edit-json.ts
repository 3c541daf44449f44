import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { editor } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'

/** Lets the user change a JSON value in the editor of their choice; throws `conflict` when it comes back as it was, `invalid_input` when it is no JSON. */
export async function editJson(value: unknown): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'mezz-edit-'))
  try {
    const file = join(folder, 'data.json')
    const before = `${JSON.stringify(value, null, 2)}\n`
    await writeFile(file, before, { mode: 0o600 })
    // As git does it: the editor may come with arguments of its own.
    const child = spawn('sh', ['-c', `${editor()} "$1"`, 'editor', file], { stdio: 'inherit' })
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new PlatformError('conflict', `the editor ended with ${code}: nothing is sent`)
    const after = await readFile(file, 'utf8')
    if (after === before) throw new PlatformError('conflict', 'nothing was changed: nothing is sent')
    return parsed(after)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new PlatformError(
      'invalid_input',
      `what was saved is not JSON: ${error instanceof Error ? error.message : error}`,
    )
  }
}
