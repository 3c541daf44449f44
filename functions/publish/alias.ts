import type { Objects, Query, Transaction } from 'mezz/ports'
import type { VersionRow } from './queries.ts'
import { versionsOf } from './queries.ts'
import { endpointIn } from './serving.ts'

const PAGE = 1000

/**
 * Writes what infer reads, from the table's present state and under the model's lock: whichever event comes, and however
 * often or late, the last to write has seen the last change. `models/<m>/current`: {model, endpoint?, versions: [{version,
 * traffic, package}]}, and none where no version has traffic; `models/<m>/versions/<v>`: {version, package}.
 */
export async function writeAlias(
  { lock, query }: Pick<Transaction, 'lock' | 'query'>,
  objects: Objects,
  { model, version }: { readonly model: string; readonly version: number },
): Promise<void> {
  await lock(model)
  const versions = await serveable(query, model)
  for (const one of versions.filter(({ traffic, version: its }) => traffic > 0 || its === version)) {
    await objects.write(nameOf(one), json({ version: one.version, package: one.package }))
  }
  await writeCurrent(query, objects, { model, versions })
}

/** Removes what infer reads of a model's versions that are there no more, under the model's lock. */
export async function removeAlias(
  { lock, query }: Pick<Transaction, 'lock' | 'query'>,
  objects: Objects,
  model: string,
): Promise<void> {
  await lock(model)
  const versions = await serveable(query, model)
  await writeCurrent(query, objects, { model, versions })
  const there = new Set(versions.map(nameOf))
  for (let after: string | undefined; ; ) {
    const found = await objects.list(`models/${model}/versions/`, {
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    })
    for (const { name } of found) if (!there.has(name)) await objects.remove(name)
    after = found.at(-1)?.name
    if (found.length < PAGE) return
  }
}

async function serveable(query: Query, model: string): Promise<VersionRow[]> {
  return (await versionsOf(query, model)).filter(({ package: stored, state }) => stored && state !== 'rejected')
}

async function writeCurrent(
  query: Query,
  objects: Objects,
  { model, versions }: { readonly model: string; readonly versions: readonly VersionRow[] },
): Promise<void> {
  const current = versions
    .filter(({ traffic }) => traffic > 0)
    .map(({ version, traffic, package: stored }) => ({ version, traffic, package: stored }))
  if (current.length === 0) return objects.remove(`models/${model}/current`)
  const endpoint = await endpointIn(query, model)
  await objects.write(`models/${model}/current`, json({ model, ...(endpoint ? { endpoint } : {}), versions: current }))
}

function nameOf({ model, version }: VersionRow): string {
  return `models/${model}/versions/${version}`
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}
