import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from 'mezz/errors'
import { annotationCompleted } from 'mezz/events'
import type { Ports, Query, TableSession } from 'mezz/ports'
import { literal } from 'mezz/tabular/quote'
import * as z from 'zod'
import { decidedLabels, markOf } from './annotation-queries.ts'
import { pieces } from './pieces.ts'
import type { ProjectRow, Result, TableVersion } from './queries.ts'
import { completeProject, findProject, holdProject } from './queries.ts'
import { openOnly } from './task.ts'

type Needs = Pick<Ports<typeof annotationCompleted.type>, 'sql' | 'tables'>

/** What the labels of a completed project came to. */
export const Completed = z.object({
  project: z.string(),
  dataset: z.string(),
  version: z.int(),
  column: z.string(),
  /** Parquet of `row`, which counts from 0, and its `label`. */
  labels: z.object({ name: z.string(), sha256: z.string(), bytes: z.int() }),
  rows: z.int(),
  at: z.iso.datetime(),
})

export type Completed = z.infer<typeof Completed>

/** Completes a project: its labels become an object, and are told of once. Without a label it is a `conflict`; a completed one is left as it is. */
export async function complete({ sql, tables }: Needs, name: string): Promise<Completed> {
  for (;;) {
    const project = await findProject(sql.query, name)
    if (project?.result && project.source) return shown(project, project.source, project.result)
    const { source } = openOnly(name, project)
    const mark = await markOf(sql.query, name)
    if (mark.annotations === 0) throw new PlatformError('conflict', `nothing in the project ${name} is labelled yet`)
    const stored = await tables.open({}, (session) => storeLabels(session, sql.query, name))
    const made = { ...stored, at: new Date().toISOString() }
    const completed = await sql.transaction(async (tx): Promise<Completed | null> => {
      const held = await holdProject(tx.query, name)
      const now = await markOf(tx.query, name)
      // Deleted, completed or labelled further meanwhile: all of it is looked at anew.
      if (!held || held.result || now.annotations !== mark.annotations || now.last !== mark.last) return null
      await completeProject(tx.query, name, made)
      await tx.keep(`projects/${name}`, [made.labels])
      const { at: _at, rows: _rows, ...told } = shown(held, source, made)
      tx.emit(annotationCompleted, told)
      return shown(held, source, made)
    })
    if (completed) return completed
  }
}

function shown({ name, dataset, column }: ProjectRow, { version }: TableVersion, result: Result): Completed {
  return { project: name, dataset, version, column, ...result }
}

async function storeLabels(session: TableSession, query: Query, project: string): Promise<Omit<Result, 'at'>> {
  const path = join(session.folder, 'labels.csv')
  await writeLabels(path, query, project)
  const { rows, ...labels } = await session.store(`
    select * from read_csv(${literal(path)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"',
      columns = {'row': 'BIGINT', 'label': 'VARCHAR'}) order by row`)
  return { labels, rows }
}

async function writeLabels(path: string, query: Query, project: string): Promise<void> {
  await using file = await open(path, 'w')
  for await (const piece of pieces(query, project)) {
    const labels = await decidedLabels(query, project, piece)
    await file.writeFile(labels.map(({ task, label }) => `${task},"${label.replaceAll('"', '""')}"\n`).join(''))
  }
}
