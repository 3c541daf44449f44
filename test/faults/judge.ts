import type { Evidence } from './evidence.ts'
import { judgeDead } from './judge-dead.ts'
import { judgeEffects } from './judge-effects.ts'
import { judgeEnds } from './judge-ends.ts'
import { judgeJobs } from './judge-jobs.ts'
import { judgeModels } from './judge-models.ts'

/** A promise that was not kept. */
export interface Violation {
  readonly kind: 'lost' | 'doubled' | 'out of order' | 'other'
  /** Of `reference/faults.md`. */
  readonly invariant: string
  readonly message: string
}

/** Holds the promises against all that was written down. */
export function judge(evidence: Evidence): readonly Violation[] {
  return [
    ...judgeEnds(evidence),
    ...judgeEffects(evidence),
    ...judgeDead(evidence),
    ...judgeJobs(evidence),
    ...judgeModels(evidence),
  ]
}
