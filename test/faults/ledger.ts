import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import * as z from 'zod'

/** A line of the generator's ledger: it is about to send a thing, or was told that it is taken. */
export const Line = z.object({
  say: z.enum(['sending', 'acknowledged']),
  seed: z.int(),
  key: z.string(),
  n: z.int(),
  /** Hex, of the text. */
  sha256: z.string(),
  topic: z.enum(['sent', 'poured']),
  does: z.string(),
  /** The event's, where the answer named it. */
  id: z.string().nullable(),
})
export type Line = z.infer<typeof Line>

/** A file whose lines survive whatever comes after them. */
export interface Ledger {
  write(line: Line): void
  close(): void
}

/** Opens a ledger to write on at its end. */
export function openLedger(file: string): Ledger {
  const handle = openSync(file, 'a')
  return {
    write(line) {
      writeSync(handle, `${JSON.stringify(line)}\n`)
      fsyncSync(handle)
    },
    close: () => closeSync(handle),
  }
}

/** The lines of a file of JSON; none where it is not there. A last line that is cut off was never written. */
export function readLines<schema extends z.ZodType>(file: string, schema: schema): z.output<schema>[] {
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return []
  }
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [schema.parse(JSON.parse(line))]))
}
