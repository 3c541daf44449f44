import { modelPublished, modelRejected } from 'mezz/events'
import type { ObjectRef, Transaction } from 'mezz/ports'
import type { Conversion, Trained } from './facts.ts'
import type { Packed } from './package.ts'
import { addVersion, findDeletion, putInFront, versionsOf } from './queries.ts'
import { nextTurn, publishedOf } from './release.ts'
import { judge } from './rule.ts'
import { serveModel } from './serving.ts'

export type Types = (typeof modelPublished | typeof modelRejected)['type']

/** Makes the version of a run whose facts are both there: published, candidate or rejected; a run that has one already changes nothing. */
export async function takeRun(
  tx: Transaction<Types>,
  { trained, conversion }: { readonly trained: Trained; readonly conversion: Conversion | null },
  packed: Packed,
): Promise<void> {
  const { model, run } = trained
  await tx.lock(model)
  const versions = await versionsOf(tx.query, model)
  if (versions.some((other) => other.run === run)) return

  const last = versions.at(-1)?.version ?? (await findDeletion(tx.query, model))?.versions ?? 0
  const version = last + 1
  const stored = 'package' in packed ? packed.package : null
  const verdict =
    'reason' in packed ? ({ state: 'rejected', ...packed } as const) : judge(trained, publishedOf(versions))
  const reason = verdict.state === 'rejected' ? verdict.reason : null
  const state = verdict.state === 'published' ? 'candidate' : verdict.state
  await addVersion(tx.query, trained, { version, state, package: stored, reason })
  if (stored) await tx.keep(`models/${model}/${version}`, [stored, ...partsOf(trained, conversion)])

  if (reason !== null) tx.emit(modelRejected, { run, model, version, reason })
  if (verdict.state !== 'published' || !stored) return
  await putInFront(tx.query, model, version, nextTurn(versions))
  await serveModel(tx, model)
  tx.emit(modelPublished, { run, model, version, traffic: 100, package: stored })
}

/** The blobs that a package names. */
function partsOf({ script }: Trained, conversion: Conversion | null): ObjectRef[] {
  if (script) return [script.files, script.table, script.contract, ...(script.state ? [script.state] : [])]
  return conversion && 'onnx' in conversion ? [conversion.onnx] : []
}
