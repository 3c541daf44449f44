import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Taken } from '../../../functions/ingest/take.ts'
import { take } from '../../../functions/ingest/take.ts'
import type { Limits } from '../../../functions/ingest/unpack.ts'
import { duckdbTables } from '../../../runtime/adapters/duckdb.ts'
import { folderObjects } from '../../../runtime/adapters/folder.ts'
import type { Tables } from '../../../runtime/ports.ts'

export interface Sent {
  readonly type?: string
  readonly encoding?: string
  readonly limits?: Limits
  /** Bytes in a chunk of the body. */
  readonly chunk?: number
}

/** Tables over an empty store, gone with the test file, and the way in that a request takes. */
export function setupTables() {
  const root = mkdtempSync(join(tmpdir(), 'mezz-ingest-'))
  after(() => rmSync(root, { recursive: true }))
  const objects = folderObjects(join(root, 'objects'))
  const tables: Tables = duckdbTables({ objects, folder: join(root, 'scratch'), memoryLimit: '150MB' })

  async function takeIn(body: string | Uint8Array, sent: Sent = {}): Promise<Taken> {
    const { type = 'text/csv', encoding = '', limits, chunk = 65_536 } = sent
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const incoming = { contentType: type, contentEncoding: encoding, body: chunks(bytes, chunk) }
    const taken = await take(tables, incoming, { known: async () => false, ...(limits && { limits }) })
    if ('known' in taken) throw new Error('nothing is known')
    return taken
  }

  function rows<row extends object>({ part }: Taken): Promise<row[]> {
    return tables.open({ data: [part] }, (session) => session.query<row>('select * from data'))
  }

  return { objects, tables, takeIn, rows }
}

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}
