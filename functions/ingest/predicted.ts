import type { batchCompleted, datasetIngested } from 'mezz/events'
import type { Ports } from 'mezz/ports'
import type * as z from 'zod'
import { profile } from './profile.ts'
import { register } from './register.ts'

/** Makes the predictions of a batch the newest version of their dataset, and says so; what the newest version holds already changes nothing. */
export async function takePredicted(
  { sql, tables }: Pick<Ports<typeof datasetIngested.type>, 'sql' | 'tables'>,
  { result, part, schema, rows }: z.infer<typeof batchCompleted.data>,
): Promise<void> {
  const columns = await tables.open({ data: [part] }, (session) =>
    profile(session, { columns: schema, rows, table: 'data' }),
  )
  await register(sql, result, { digest: `sha256:${part.sha256}`, bytes: part.bytes, rows, columns, part })
}
