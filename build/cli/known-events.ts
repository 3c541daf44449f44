import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as vocabulary from '../../triggers/events.ts'
import type { NamedEvent } from './templates.ts'

const EVENT = /export const (\w+) = defineEvent\(\{[^}]*?\btype: (['"`])([^'"`]+)\2/g

/** The event types that a trigger in this folder can name: those of the vocabulary, and those that its own files export. */
export function knownEvents(folder: string): readonly NamedEvent[] {
  const ours = Object.entries(vocabulary).map(([variable, { type }]) => ({ type, variable, from: 'mezz/events' }))
  const files = globSync('{triggers,functions/*}/*.ts', { cwd: folder }).sort()
  const own = files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(EVENT)].map(([, variable = '', , type = '']) => ({
      type,
      variable,
      from: file.startsWith('triggers/') ? `./${file.slice('triggers/'.length)}` : `../${file}`,
    })),
  )
  return [...ours, ...own]
}
