import type { Objects, Query } from '../../runtime/ports.ts'

/** What has been done so far: a digest for each table's rows, and the objects. */
export interface Effects {
  readonly rows: Readonly<Record<string, string>>
  readonly objects: readonly string[]
}

export interface EffectsOptions {
  /** The function's name, which is that of its schema too. */
  readonly name: string
  /** By the function's role. */
  readonly own: Query
  /** By the engine's role. */
  readonly engine: Query
  readonly objects: Objects
}

/** The platform's tables that a function writes to by its transactions alone. */
export const OF_TRANSACTIONS: readonly string[] = ['mezz.outbox', 'mezz.jobs', 'mezz.blobs']

/** Looks at all that a function may have changed: its own tables, the inbox among them, its events, jobs and kept blobs, its objects. */
export function effectsOf({ name, own, engine, objects }: EffectsOptions): () => Promise<Effects> {
  async function rows(): Promise<Record<string, string>> {
    const tables = await own<{ table: string }>`
      select format('%I.%I', schemaname, tablename) as table from pg_tables where schemaname = ${name}`
    const digests = [
      ...(await Promise.all(tables.map(({ table }) => digest(own, table)))),
      ...(await Promise.all(OF_TRANSACTIONS.map((table) => digest(engine, table)))),
    ]
    return Object.fromEntries(digests)
  }
  async function names(): Promise<string[]> {
    return (await objects.list('')).map((one) => `${one.name} ${one.bytes}`)
  }

  return async () => ({ rows: await rows(), objects: await names() })
}

/** The tables whose rows differ. */
export function changed(before: Effects, after: Effects): string[] {
  return Object.keys(after.rows).filter((table) => before.rows[table] !== after.rows[table])
}

async function digest(query: Query, table: string): Promise<[string, string]> {
  // The name of a table cannot be bound; it was quoted by the database.
  const text = [`select coalesce(md5(string_agg(t::text, E'\\n' order by t::text)), '') as digest from ${table} t`]
  const [row] = await query<{ digest: string }>(Object.assign(text, { raw: text }))
  return [table, row?.digest ?? '']
}
