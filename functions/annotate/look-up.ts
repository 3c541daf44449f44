import { PlatformError } from 'mezz/errors'
import type { Query } from 'mezz/ports'
import type * as z from 'zod'
import { agreementOf } from './agreement.ts'
import { patternsOf, progressOf } from './annotation-queries.ts'
import type { Project, Projects } from './project.ts'
import { shown, summary } from './project.ts'
import type { ProjectRow } from './queries.ts'
import { findProject, listProjects } from './queries.ts'

/** A project, or `not_found`. */
export async function demandProject(query: Query, name: string): Promise<ProjectRow> {
  const found = await findProject(query, name)
  if (!found) throw new PlatformError('not_found', `no project ${name}`)
  return found
}

/** A project with how far it is, and how far people agree. */
export async function lookUp(query: Query, project: ProjectRow): Promise<z.infer<typeof Project>> {
  const agreement = agreementOf(await patternsOf(query, project.name))
  return shown(project, await progressOf(query, project), agreement)
}

/** Projects by name, beyond `after`, and where the following ones begin. */
export async function lookUpAll(
  query: Query,
  { limit, after = '' }: { readonly limit: number; readonly after?: string | undefined },
): Promise<z.infer<typeof Projects>> {
  const found = await listProjects(query, { limit: limit + 1, after })
  const items = found.slice(0, limit).map((row) => summary(row, row))
  const last = items.at(-1)
  return { items, ...(found.length > limit && last ? { next: last.name } : {}) }
}
