import { PlatformError } from 'mezz/errors'
import { modelPublished } from 'mezz/events'
import type { ObjectRef, Transaction } from 'mezz/ports'
import type { VersionRow } from './queries.ts'
import { forgetTurn, isScripted, putInFront, setTraffic, versionsOf } from './queries.ts'
import { serveModel } from './serving.ts'

type Tx = Transaction<(typeof modelPublished)['type']>

/** The version that is published, or `null`. */
export function publishedOf(versions: readonly VersionRow[]): VersionRow | null {
  return versions.find(({ state }) => state === 'published') ?? null
}

/** The number of the publication to come. */
export function nextTurn(versions: readonly VersionRow[]): number {
  return Math.max(0, ...versions.map(({ turn }) => turn ?? 0)) + 1
}

/** Publishes a version: wholly, or, with `traffic` below 100, beside the published one, which keeps what the others leave. */
export async function publish(tx: Tx, model: string, version: number, traffic: number): Promise<void> {
  await tx.lock(model)
  const versions = await demandModel(tx, model)
  const chosen = versions.find((one) => one.version === version)
  if (!chosen) throw new PlatformError('not_found', `model ${model} has no version ${version}`)
  const stored = demandPackage(chosen)
  if (traffic === chosen.traffic) return

  if (traffic === 100) await putInFront(tx.query, model, version, turnOf(chosen, versions))
  else {
    await demandShared(tx, chosen)
    await share(tx, versions, chosen, traffic)
  }
  await serveModel(tx, model)
  tx.emit(modelPublished, { run: chosen.run, model, version, traffic, package: stored })
}

/** Publishes the version again that was published before. */
export async function rollback(tx: Tx, model: string): Promise<void> {
  await tx.lock(model)
  const versions = await demandModel(tx, model)
  const now = publishedOf(versions)
  const [before] = versions
    .filter(({ turn, state }) => turn !== null && state === 'retired')
    .sort((a, b) => (b.turn ?? 0) - (a.turn ?? 0))
  if (!now || !before) {
    throw new PlatformError(
      'conflict',
      `model ${model} has no version that was published before: there is nothing to go back to`,
    )
  }
  const stored = demandPackage(before)
  await putInFront(tx.query, model, before.version, before.turn ?? 0)
  await forgetTurn(tx.query, model, now.version)
  await serveModel(tx, model)
  tx.emit(modelPublished, { run: before.run, model, version: before.version, traffic: 100, package: stored })
}

/** A published version that takes all traffic back is no new publication. */
function turnOf(chosen: VersionRow, versions: readonly VersionRow[]): number {
  return chosen.state === 'published' && chosen.turn !== null ? chosen.turn : nextTurn(versions)
}

async function share(tx: Tx, versions: readonly VersionRow[], { model, version }: VersionRow, traffic: number) {
  const published = publishedOf(versions)
  if (!published || published.version === version) {
    const reason = published ? 'is the published one' : 'would stand alone: no version is published'
    throw new PlatformError('conflict', `version ${version} of ${model} ${reason}, it cannot take ${traffic} percent`)
  }
  const others = versions
    .filter((one) => one.version !== version && one.version !== published.version)
    .reduce((sum, one) => sum + one.traffic, 0)
  const rest = 100 - traffic - others
  if (rest < 0) {
    throw new PlatformError(
      'conflict',
      `other versions of ${model} have ${others} percent already: ${traffic} more are over 100`,
    )
  }
  await setTraffic(tx.query, model, version, traffic)
  await setTraffic(tx.query, model, published.version, rest)
}

/** Traffic is shared between graphs: processes that run a script run one. */
async function demandShared({ query }: Tx, { model, version }: VersionRow): Promise<void> {
  if (!(await isScripted(query, model, version))) return
  throw new PlatformError(
    'conflict',
    `a version of ${model} is a script that serves itself: publish version ${version} wholly`,
  )
}

async function demandModel({ query }: Tx, model: string): Promise<VersionRow[]> {
  const versions = await versionsOf(query, model)
  if (versions.length === 0) throw new PlatformError('not_found', `no model ${model}`)
  return versions
}

function demandPackage({ model, version, reason, package: stored }: VersionRow): ObjectRef {
  if (stored && reason === null) return stored
  throw new PlatformError('conflict', `version ${version} of ${model} was rejected: ${reason}`)
}
