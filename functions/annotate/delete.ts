import { PlatformError } from 'mezz/errors'
import { projectDeleted } from 'mezz/events'
import type { Query, Sql } from 'mezz/ports'
import * as z from 'zod'
import { peopleOf, progressOf } from './annotation-queries.ts'
import type { ProjectRow } from './queries.ts'
import { deleteProject, holdProject } from './queries.ts'

/** What goes with a project; versions of its dataset that its labels went into stay. */
export const Hanging = z.object({
  project: z.string(),
  annotations: z.int(),
  people: z.array(z.string()).readonly(),
  completed: z.boolean(),
})

export async function whatHangs(query: Query, project: ProjectRow): Promise<z.infer<typeof Hanging>> {
  const { annotations } = await progressOf(query, project)
  const people = await peopleOf(query, project.name)
  return { project: project.name, annotations, people, completed: project.result !== null }
}

/** Deletes a project with its labels, and says so; one that is not there is `not_found`. */
export async function remove(sql: Sql<typeof projectDeleted.type>, name: string): Promise<void> {
  await sql.transaction(async (tx) => {
    const project = await holdProject(tx.query, name)
    if (!project) throw new PlatformError('not_found', `no project ${name}`)
    await deleteProject(tx.query, name)
    tx.emit(projectDeleted, { project: name, dataset: project.dataset })
  })
}
