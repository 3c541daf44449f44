import { PlatformError } from 'mezz/errors'
import type { datasetDeleted } from 'mezz/events'
import { projectDeleted } from 'mezz/events'
import type { Query, Sql, Transaction } from 'mezz/ports'
import * as z from 'zod'
import { peopleOf, progressOf } from './annotation-queries.ts'
import type { ProjectRow } from './queries.ts'
import { deleteProject, forgetVersions, holdProject, projectsOfDeleted } from './queries.ts'

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

type Tx = Transaction<typeof projectDeleted.type>

/** Deletes a project with its labels, and says so; one that is not there is `not_found`. */
export async function remove(sql: Sql<typeof projectDeleted.type>, name: string): Promise<void> {
  await sql.transaction(async (tx) => {
    const project = await holdProject(tx.query, name)
    if (!project) throw new PlatformError('not_found', `no project ${name}`)
    await takeAway(tx, project)
  })
}

/** What a dataset's deletion means here: its versions go, and the projects over their rows. */
export async function forgetDataset(
  tx: Tx,
  { dataset, versions, deletedAt: time }: z.infer<typeof datasetDeleted.data>,
): Promise<void> {
  await tx.lock(dataset)
  await forgetVersions(tx.query, dataset, versions)
  for (const name of await projectsOfDeleted(tx.query, dataset, { versions, time })) {
    await takeAway(tx, { name, dataset })
  }
}

async function takeAway(tx: Tx, { name, dataset }: Pick<ProjectRow, 'name' | 'dataset'>): Promise<void> {
  await deleteProject(tx.query, name)
  await tx.release(`projects/${name}`)
  tx.emit(projectDeleted, { project: name, dataset })
}
