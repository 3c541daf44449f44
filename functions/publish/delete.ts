import { PlatformError } from 'mezz/errors'
import { modelDeleted } from 'mezz/events'
import type { Hanging } from 'mezz/hanging'
import { hangingOn } from 'mezz/hanging'
import type { Sql } from 'mezz/ports'
import type { Deletion } from './queries.ts'
import { deleteModel, pipelinesBehind, versionsOf } from './queries.ts'
import { serveModel } from './serving.ts'

/** Deletes a model with all its versions, and says so; one that is not there is `not_found`. */
export async function remove(sql: Sql<typeof modelDeleted.type>, model: string): Promise<void> {
  await sql.transaction(async (tx) => {
    await tx.lock(model)
    const versions = await versionsOf(tx.query, model)
    const newest = versions.at(-1)
    if (!newest) throw new PlatformError('not_found', `no model ${model}`)
    const at = await deleteModel(tx.query, model, newest.version)
    await serveModel(tx, model)
    for (const { version } of versions) await tx.release(`models/${model}/${version}`)
    tx.emit(modelDeleted, { model, versions: newest.version, deletedAt: at.toISOString() })
  })
}

/** Its versions go; the pipelines that have trained it stay, and train it anew with the next data. */
export async function whatHangs(sql: Pick<Sql, 'query' | 'madeFrom'>, name: string): Promise<Hanging> {
  const versions = (await versionsOf(sql.query, name)).map(({ version }) => String(version))
  const pipelines = await pipelinesBehind(sql.query, name)
  const made = await hangingOn(sql, { kind: 'models', name })
  const own = versions.map((version) => ({ kind: 'models', name, version, goes: true }))
  const feeding = pipelines.map((pipeline) => ({ kind: 'pipelines', name: pipeline, goes: false }))
  return { name, hangs: [...own, ...feeding, ...made.hangs] }
}

/** Whether a run was asked for before its model was deleted; of one that does not say when, it is so. */
export function isOlder(
  { orderedAt }: { readonly orderedAt?: string | undefined },
  deletion: Deletion | null,
): boolean {
  return deletion !== null && (orderedAt === undefined || new Date(orderedAt) <= deletion.at)
}
