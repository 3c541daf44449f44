import { PlatformError } from 'mezz/errors'
import type { featuresExtracted } from 'mezz/events'
import type { Ports } from 'mezz/ports'
import type { Extracted, TableVersion } from './extract.ts'
import { extract } from './extract.ts'
import type { ViewRow } from './queries.ts'
import { addView, deletedUpTo, findView, saveVersion, viewsOf } from './queries.ts'
import { record } from './record.ts'

export type Needs = Pick<Ports<typeof featuresExtracted.type>, 'objects' | 'sql' | 'tables'>

/** Extracts a new version by all views of its dataset, among them the one of the dataset's own name, which is made if nobody has; of a deleted dataset nothing. */
export async function extractAll(ports: Needs, version: TableVersion): Promise<void> {
  const { sql } = ports
  const { dataset } = version
  if (version.version <= (await deletedUpTo(sql.query, dataset))) return
  const made = new Map<string, Extracted>()
  for (const { leaveOut } of await withOwn(sql.query, dataset)) {
    const key = JSON.stringify(leaveOut)
    if (!made.has(key)) made.set(key, await extract(ports, version, leaveOut))
  }

  await sql.transaction(async (tx) => {
    await tx.lock(dataset)
    if (version.version <= (await deletedUpTo(tx.query, dataset))) return
    await saveVersion(tx.query, version)
    for (const view of await withOwn(tx.query, dataset)) {
      const extracted = made.get(JSON.stringify(view.leaveOut))
      // A view was put while the work was done; it waits for this lock's end, or was there before it.
      if (!extracted)
        throw new PlatformError('unavailable', `the view ${view.name} changed meanwhile`, { retryAfter: 1 })
      await addView(tx.query, view)
      await record(tx, view, { version, extracted })
    }
  })
}

async function withOwn(query: Needs['sql']['query'], dataset: string): Promise<ViewRow[]> {
  const views = await viewsOf(query, dataset)
  // A view of this name may have been put over another dataset.
  if (await findView(query, dataset)) return views
  return [...views, { name: dataset, dataset, leaveOut: [] }]
}
