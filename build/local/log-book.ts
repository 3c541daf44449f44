import { createWriteStream } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { NumberedLine } from '../../triggers/engine/app.ts'
import type { LogLine } from './process.ts'

const KEPT = 10_000
const MOST_BYTES = 64 * 1024 * 1024

/** What the functions' processes print: the last lines in memory, all of them in `logs/functions.jsonl`. */
export interface LogBook {
  write(line: LogLine): void
  read(page: { readonly function: string | undefined; readonly after: number; readonly limit: number }): NumberedLine[]
  close(): Promise<void>
}

/** Opens the book; a file that has grown large is put aside first. */
export async function openLogBook(folder: string, heard: (line: LogLine) => void): Promise<LogBook> {
  const path = join(folder, 'functions.jsonl')
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  )
  if (size > MOST_BYTES) await rename(path, `${path}.1`)
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 })
  // A full disk must not end the platform; the lines are still in memory.
  file.on('error', () => undefined)
  let n = 0
  let lines: NumberedLine[] = []

  return {
    write(line) {
      lines.push({ n: ++n, at: line.at, function: line.function, line: line.line })
      if (lines.length > 2 * KEPT) lines = lines.slice(-KEPT)
      file.write(`${JSON.stringify(line)}\n`)
      heard(line)
    },
    read: ({ function: name, after, limit }) =>
      lines.filter((one) => one.n > after && (name === undefined || one.function === name)).slice(0, limit),
    close: () => new Promise((resolve) => file.end(resolve)),
  }
}
