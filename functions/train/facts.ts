import type { featuresExtracted } from 'mezz/events'
import type { ObjectRef } from 'mezz/ports'
import type * as z from 'zod'
import type { Pipeline } from './pipeline.ts'
import type { ScriptSource } from './trainer.ts'

/** What is known of an extraction: all that its event tells. */
export type Extraction = z.infer<typeof featuresExtracted.data>

/** All that a run was ordered with: what is changed later does not touch it. */
export interface RunFacts {
  readonly pipeline: Pipeline
  readonly extraction: Extraction
  /** Left out where our own trees learn. */
  readonly source?: ScriptSource
  /** What a script was given to learn from, as CSV. */
  readonly table?: ObjectRef
}

/** A run as it is stored; while its job has no end it is `queued`, and the job tells more. */
export interface RunRow {
  readonly id: string
  readonly pipeline: string
  readonly model: string
  readonly order_facts: RunFacts
  readonly job: string | null
  readonly state: 'queued' | 'succeeded' | 'failed' | 'cancelled'
  readonly metrics: Readonly<Record<string, number>>
  readonly error: string | null
  readonly created_at: Date
  readonly started_at: Date | null
  readonly finished_at: Date | null
}
