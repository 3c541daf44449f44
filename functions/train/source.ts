import type { Query } from 'mezz/ports'
import { findHead, newestScript } from './scripts/queries.ts'
import { runtimeOf } from './scripts/take.ts'
import type { ScriptSource, Source, Trainer } from './trainer.ts'

/** A trainer as it is now, or what it waits for. */
export async function sourceOf(
  query: Query,
  trainer: Trainer,
): Promise<{ readonly source: Source } | { readonly waitingFor: string }> {
  if (trainer === 'gbdt') return { source: { kind: 'gbdt' } }
  if ('script' in trainer) {
    const found = await newestScript(query, trainer.script)
    if (!found) return { waitingFor: `a script ${trainer.script}` }
    const { name, version, entry, object } = found
    return { source: { kind: 'script', name, version, entry, object } }
  }
  const { git, ref, path } = trainer
  const head = await findHead(query, { git, ref })
  if (!head?.commit) return { waitingFor: head?.error ?? `a look at ${git}` }
  return { source: { kind: 'git', git, ref, entry: path, commit: head.commit } }
}

/** The source's own name and digest, as a lineage tells them. */
export function codeOf(source: ScriptSource): {
  readonly trainer: string
  readonly digest: string
} {
  if (source.kind === 'git') return { trainer: `${source.git} ${source.entry}`, digest: `git:${source.commit}` }
  return { trainer: `script ${source.name}@${source.version}`, digest: `sha256:${source.object.sha256}` }
}

/** What runs the source, where its pipeline does not say. */
export function programOf({ entry }: { readonly entry: string }, runtime: 'python' | 'node' | undefined) {
  return runtime ?? runtimeOf(entry)
}
