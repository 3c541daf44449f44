import type { Objects, Transaction } from 'mezz/ports'
import { versionsOf } from './queries.ts'
import { endpointIn } from './serving.ts'

/**
 * Writes what infer reads, from the table's present state and under the model's lock: whichever event comes, and however
 * often or late, the last to write has seen the last change. `models/<m>/current`: {model, endpoint?, versions: [{version,
 * traffic, package}]}; `models/<m>/versions/<v>`: {version, package}.
 */
export async function writeAlias(
  { lock, query }: Pick<Transaction, 'lock' | 'query'>,
  objects: Objects,
  { model, version }: { readonly model: string; readonly version: number },
): Promise<void> {
  await lock(model)
  const versions = (await versionsOf(query, model)).filter(
    ({ package: stored, state }) => stored && state !== 'rejected',
  )
  for (const one of versions.filter(({ traffic, version: its }) => traffic > 0 || its === version)) {
    await objects.write(`models/${model}/versions/${one.version}`, json({ version: one.version, package: one.package }))
  }
  const current = versions
    .filter(({ traffic }) => traffic > 0)
    .map(({ version, traffic, package: stored }) => ({ version, traffic, package: stored }))
  const endpoint = await endpointIn(query, model)
  await objects.write(`models/${model}/current`, json({ model, ...(endpoint ? { endpoint } : {}), versions: current }))
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}
