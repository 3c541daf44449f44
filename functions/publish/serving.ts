import { hash } from 'node:crypto'
import type { Query, Transaction } from 'mezz/ports'
import type { Workload } from 'mezz/workload'
import type { Trained } from './facts.ts'
import { publishedRun } from './queries.ts'

/** Of a DNS label. */
const LONGEST = 63

/** What serves a model by itself; null where it shares the processes of infer. */
export function workloadOf(
  { model, script, serving }: Pick<Trained, 'model' | 'script' | 'serving'>,
  version: number,
): Workload | null {
  if (!script && !serving) return null
  return { ...serving, model, ...(script ? { script: { ...script, version } } : {}) }
}

/** The name that a model's own processes are reached by. */
export function endpointOf(model: string): string {
  const whole = `infer-${model}`
  return whole.length <= LONGEST ? whole : `${whole.slice(0, LONGEST - 9)}-${hash('sha256', whole).slice(0, 8)}`
}

/** The same, where the published version has processes of its own. */
export async function endpointIn(query: Query, model: string): Promise<string | null> {
  const published = await publishedRun(query, model)
  return published && workloadOf(published.trained, published.version) ? endpointOf(model) : null
}

/** Asks for what serves the model's published version, or for nothing where there is none: to be called in the transaction that changed it, or deleted the model. */
export async function serveModel({ query, serve }: Pick<Transaction, 'query' | 'serve'>, model: string): Promise<void> {
  const published = await publishedRun(query, model)
  await serve(endpointOf(model), published && workloadOf(published.trained, published.version))
}
