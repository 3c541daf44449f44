import { openDatabase } from './postgres.ts'

/** How many connections a server takes from roles that are not its superuser. */
export async function connectionLimit(url: string): Promise<number> {
  const database = openDatabase({ url, most: 1, name: 'mezz prepare' })
  try {
    const [row] = await database.query<{ free: number }>`
      select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as free`
    return row?.free ?? 0
  } finally {
    await database.close()
  }
}
