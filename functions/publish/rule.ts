import type { Trained } from './facts.ts'

export type Verdict =
  | { readonly state: 'published' | 'candidate' }
  | { readonly state: 'rejected'; readonly reason: string }

/** What becomes of a proved model: by its pipeline's publish rule, and by the age of its inputs beside those of the published version. */
export function judge(
  { metrics, publish, inputs }: Pick<Trained, 'metrics' | 'publish' | 'inputs'>,
  published: Pick<Trained, 'inputs'> | null,
): Verdict {
  const reason = publish && failing(metrics, publish)
  if (reason) return { state: 'rejected', reason }
  return { state: published && isOlder(inputs, published.inputs) ? 'candidate' : 'published' }
}

function failing(
  metrics: Trained['metrics'],
  { metric, atLeast, atMost }: NonNullable<Trained['publish']>,
): string | undefined {
  const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined
  if (value === undefined) return `the publish rule asks for ${metric}, which the run did not measure`
  if (atLeast !== undefined && !(value >= atLeast))
    return `${metric} is ${value}, the publish rule wants ${atLeast} at least`
  if (atMost !== undefined && !(value <= atMost))
    return `${metric} is ${value}, the publish rule wants ${atMost} at most`
  return undefined
}

/** Whether any dataset that both have read was read in an older version. */
function isOlder(inputs: Trained['inputs'], published: Trained['inputs']): boolean {
  return inputs.some(({ dataset, version }) =>
    published.some((other) => other.dataset === dataset && version < other.version),
  )
}
