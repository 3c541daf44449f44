import { PlatformError } from 'mezz/errors'
import type { Extracted, TableVersion } from './extract.ts'
import { extract } from './extract.ts'
import type { Needs } from './extract-all.ts'
import type { ExtractionRow, ViewRow } from './queries.ts'
import { findView, lastExtraction, newestVersion, saveView } from './queries.ts'
import { record } from './record.ts'

export interface Put {
  readonly view: ViewRow
  readonly last: ExtractionRow | null
  /** Whether there was no view of this name. */
  readonly fresh: boolean
}

/** Puts a view; extracts by it where a version of its dataset is there that it, as it is now, has not been used on. */
export async function put(ports: Needs, view: ViewRow): Promise<Put> {
  const { sql } = ports
  for (;;) {
    const version = await newestVersion(sql.query, view.dataset)
    const work =
      version && !(await done(sql.query, view, version))
        ? { version, extracted: await attempt(ports, view, version) }
        : null

    const put = await sql.transaction(async (tx): Promise<Put | null> => {
      // Both names in one order: a dataset of the view's name may be on its way in.
      for (const name of [view.dataset, view.name].sort()) await tx.lock(name)
      const newest = await newestVersion(tx.query, view.dataset)
      // A version came in while the work was done: it is to be done on that one.
      if (newest?.version !== version?.version) return null
      const before = await findView(tx.query, view.name)
      if (view.name !== view.dataset && (await newestVersion(tx.query, view.name))) throw taken(view)
      await saveView(tx.query, view)
      if (work && !(await done(tx.query, view, work.version))) await record(tx, view, work)
      return { view, last: await lastExtraction(tx.query, view.name), fresh: before === null }
    })
    if (put) return put
  }
}

async function attempt(ports: Needs, view: ViewRow, version: TableVersion): Promise<Extracted> {
  const known = new Set(version.columns.map(({ name }) => name))
  const errors = view.leaveOut.flatMap((name, i) =>
    known.has(name)
      ? []
      : [{ pointer: `/leaveOut/${i}`, reason: `${view.dataset} has no column ${JSON.stringify(name)}` }],
  )
  if (errors.length > 0) throw new PlatformError('unprocessable', 'the view leaves out what is not there', { errors })
  const extracted = await extract(ports, version, view.leaveOut)
  if (!('reason' in extracted)) return extracted
  const reason = extracted.reason
  throw new PlatformError('unprocessable', 'the view makes nothing', { errors: [{ pointer: '/leaveOut', reason }] })
}

/** Whether the view's last extraction is what it would make now. */
async function done(query: Needs['sql']['query'], view: ViewRow, version: TableVersion): Promise<boolean> {
  const last = await lastExtraction(query, view.name)
  return (
    last?.dataset === view.dataset &&
    last.version === version.version &&
    JSON.stringify(last.leaveOut) === JSON.stringify(view.leaveOut)
  )
}

function taken({ name }: ViewRow): PlatformError {
  return new PlatformError('conflict', `${name} is the name of a dataset, whose own view it is`, {
    errors: [{ pointer: '/dataset', reason: `a view named ${name} is of the dataset ${name}` }],
  })
}
