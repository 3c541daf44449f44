import { PlatformError } from 'mezz/errors'
import type { Sql } from 'mezz/ports'
import type { Annotation } from './annotation-queries.ts'
import { removeAnnotation, saveAnnotation } from './annotation-queries.ts'
import { makeFree } from './hand-out.ts'
import type { ProjectRow } from './queries.ts'
import { shareProject } from './queries.ts'
import type { OpenProject } from './task.ts'
import { openOnly } from './task.ts'

/** Stores what a person says of a task of an open project; whether they had said nothing before. A label that the project does not have is `unprocessable`. */
export async function annotate(
  sql: Sql<string>,
  name: string,
  annotation: Omit<Annotation, 'at'>,
): Promise<{ readonly at: Date; readonly fresh: boolean }> {
  return sql.transaction(async (tx) => {
    const project = withTask(openOnly(name, await shareProject(tx.query, name)), annotation.task)
    if (!project.labels.includes(annotation.label)) throw noLabel(project)
    return saveAnnotation(tx.query, name, annotation)
  })
}

/** Takes back what a person said of a task; `not_found` where they have said nothing. */
export async function takeBack(
  sql: Sql<string>,
  name: string,
  of: { readonly task: number; readonly person: string },
): Promise<void> {
  await sql.transaction(async (tx) => {
    openOnly(name, await shareProject(tx.query, name))
    if (await removeAnnotation(tx.query, name, of)) return makeFree(tx, name, of.task)
    throw new PlatformError('not_found', `${of.person} has given task ${of.task} of ${name} no label`)
  })
}

function withTask(project: OpenProject, task: number): OpenProject {
  const { name, source } = project
  if (task < source.rows) return project
  throw new PlatformError('not_found', `the project ${name} has ${source.rows} tasks, from 0: there is no task ${task}`)
}

function noLabel({ name, labels }: ProjectRow): PlatformError {
  const reason = `must be one of ${labels.map((label) => JSON.stringify(label)).join(', ')}`
  return new PlatformError('unprocessable', `the project ${name} has no such label`, {
    errors: [{ pointer: '/label', reason }],
  })
}
