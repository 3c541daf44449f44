import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { PlatformError } from '../../runtime/errors.ts'
import { writeWhole } from './write-file.ts'

const Secrets = z.record(z.string(), z.string().min(1))

/** Random secrets by name in one private file: 256 bits as URL-safe text, made when first asked for, the same ever after. */
export function secretsFile(path: string): (name: string) => Promise<string> {
  let turn: Promise<unknown> = Promise.resolve()

  async function find(name: string): Promise<string> {
    const secrets = await read(path)
    const known = secrets.get(name)
    if (known !== undefined) return known
    const made = randomBytes(32).toString('base64url')
    secrets.set(name, made)
    await writeWhole(path, `${JSON.stringify(Object.fromEntries(secrets), null, 2)}\n`)
    return made
  }

  // One after the other, so that two that ask at once do not write over each other's secret.
  return (name) => {
    const answer = turn.then(() => find(name))
    turn = answer.catch(() => undefined)
    return answer
  }
}

async function read(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw error
  })
  try {
    return new Map(Object.entries(Secrets.parse(JSON.parse(text))))
  } catch {
    // Without the cause: a parser's message quotes the text, which is secret.
    throw new PlatformError(
      'unprocessable',
      `${path} is damaged: restore it, it holds the passwords of this data folder`,
    )
  }
}
