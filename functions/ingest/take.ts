import type { ObjectRef, TableSession, Tables } from 'mezz/ports'
import type { Column, TypedTable } from './columns.ts'
import { isMisfit } from './columns.ts'
import { refused } from './names.ts'
import type { ProfiledColumn } from './profile.ts'
import { profile } from './profile.ts'
import type { Incoming } from './receive.ts'
import { receive } from './receive.ts'
import { typedTable } from './table.ts'
import type { Limits } from './unpack.ts'

/** A table that was taken in. */
export interface Taken {
  /** `sha256:` + hex of the decoded bytes. */
  readonly digest: string
  /** Decoded bytes. */
  readonly bytes: number
  readonly rows: number
  readonly columns: readonly ProfiledColumn[]
  /** Parquet of the columns' types, in the order of the rows. */
  readonly part: ObjectRef
}

/** A table whose decoded bytes were there before. */
export interface Known {
  readonly digest: string
  readonly known: true
}

export interface TakeOptions {
  /** Whether this digest needs no work, because what it stands for is there: then `take` goes no further. */
  known(digest: string): Promise<boolean>
  readonly limits?: Limits
}

/** From a request's body to a stored and described table, in bounded memory. */
export async function take(tables: Tables, incoming: Incoming, { known, limits }: TakeOptions): Promise<Taken | Known> {
  const stored = await tables.open({}, async (session): Promise<Stored | Known> => {
    const received = await receive(incoming, { folder: session.folder, ...(limits && { limits }) })
    const digest = `sha256:${received.sha256}`
    if (await known(digest)) return { digest, known: true }
    return { digest, bytes: received.bytes, ...(await store(session, await typedTable(session, received))) }
  })
  if ('known' in stored) return stored
  const { columns, rows, part } = stored
  if (rows === 0) throw refused([{ pointer: '', reason: 'holds no data: a table has at least one row' }])
  return tables.open({ data: [part] }, async (session) => {
    return { ...stored, columns: await profile(session, { columns, rows, table: 'data' }) }
  })
}

async function store(session: TableSession, table: TypedTable): Promise<Pick<Stored, 'columns' | 'rows' | 'part'>> {
  try {
    const { rows, ...part } = await session.store(table.select)
    return { columns: table.columns, rows, part }
  } catch (error) {
    if (!table.prove || !isMisfit(error)) throw error
    return store(session, await table.prove())
  }
}

type Stored = Omit<Taken, 'columns'> & { readonly columns: readonly Column[] }
