import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import type { Readable } from 'node:stream'
import { UsageError } from './command.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.ndjson': 'application/x-ndjson',
  '.jsonl': 'application/x-ndjson',
  '.parquet': 'application/vnd.apache.parquet',
  '.json': 'application/json',
  '.gz': 'application/gzip',
  '.tar': 'application/x-tar',
}

export interface GivenBody {
  readonly body: string | Readable
  readonly type: string
  readonly bytes?: number
}

/** What `-d` means: the text itself, `@file` (streamed), `@-` (standard input, streamed). */
export async function givenBody(data: string): Promise<GivenBody> {
  if (!data.startsWith('@')) return { body: data, type: isJson(data) ? 'application/json' : 'text/plain;charset=UTF-8' }
  const path = data.slice(1)
  if (path === '-') return { body: process.stdin, type: 'application/octet-stream' }
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw new UsageError(`there is no file ${path}`)
  const type = TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream'
  return { body: createReadStream(path), type, bytes: found.size }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
