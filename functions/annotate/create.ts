import { PlatformError } from 'mezz/errors'
import type { Sql } from 'mezz/ports'
import type { ProjectRow, Settings } from './queries.ts'
import { addProject, findProject, newestVersion } from './queries.ts'

/** Makes a project over the rows of its dataset's newest version, or of the first one that will be heard of; one of the same settings is left as it is, another one is a `conflict`. */
export async function create(
  sql: Sql<string>,
  settings: Settings,
): Promise<{ readonly project: ProjectRow; readonly fresh: boolean }> {
  return sql.transaction(async (tx) => {
    // The dataset may be on its way in: either this sees its version, or its event sees this project.
    await tx.lock(settings.dataset)
    const fresh = await addProject(tx.query, settings, await newestVersion(tx.query, settings.dataset))
    const project = await findProject(tx.query, settings.name)
    if (!project) throw new PlatformError('conflict', `the project ${settings.name} is just being deleted`)
    const errors = fresh ? [] : differences(settings, project)
    if (errors.length === 0) return { project, fresh }
    throw new PlatformError('conflict', `there is another project ${settings.name}`, { errors })
  })
}

function differences(settings: Settings, project: ProjectRow) {
  return (['dataset', 'column', 'labels', 'overlap'] as const).flatMap((setting) => {
    const there = JSON.stringify(project[setting])
    if (there === JSON.stringify(settings[setting])) return []
    return [{ pointer: `/${setting}`, reason: `is ${there} in the project that is there` }]
  })
}
