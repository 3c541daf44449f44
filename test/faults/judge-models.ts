import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { modelPublished } from '../../triggers/events.ts'
import type { Evidence } from './evidence.ts'
import type { Violation } from './judge.ts'
import { idOf } from './said.ts'

const Alias = z.object({
  versions: z.array(z.object({ version: z.int(), traffic: z.number(), package: z.object({ sha256: z.string() }) })),
})

/** Each run has one version with its whole package, told once; the alias says what the table says. */
export function judgeModels({ runs, versions, aliases, log }: Evidence): Violation[] {
  const found: Violation[] = []
  const told = Map.groupBy(
    log.filter(({ headers }) => headers['ce_type'] === modelPublished.type),
    ({ value }) => modelPublished.data.parse(JSON.parse(value)).run,
  )
  for (const { run } of runs) {
    const n = versions.filter((one) => one.run === run).length
    if (n === 0) found.push({ kind: 'lost', invariant: 'I1', message: `run ${run} has no version` })
    if (n > 1) found.push({ kind: 'doubled', invariant: 'I3', message: `run ${run} has ${n} versions` })
    const events = new Set((told.get(run) ?? []).map(idOf)).size
    if (events === 0) found.push({ kind: 'lost', invariant: 'I1', message: `run ${run} was not told as published` })
    if (events > 1)
      found.push({ kind: 'doubled', invariant: 'I3', message: `run ${run} was told as published ${events} times` })
  }
  for (const one of versions) {
    if (one.package !== one.bytes)
      found.push({ kind: 'lost', invariant: 'I6', message: `the package of ${one.model}@${one.version} is not whole` })
  }
  for (const [model, some] of Map.groupBy(versions, (one) => one.model)) {
    const front = some.filter(({ traffic }) => traffic > 0)
    const wanted = front.map(({ version, traffic, package: sha256 }) => ({ version, traffic, package: { sha256 } }))
    const alias = Alias.safeParse(aliases.get(model))
    if (!alias.success || !isDeepStrictEqual(alias.data.versions, wanted))
      found.push({
        kind: 'lost',
        invariant: 'I1',
        message: `the alias of ${model} says ${JSON.stringify(aliases.get(model))}`,
      })
  }
  return found
}
