import type { modelConverted, modelTrained } from 'mezz/events'
import type * as z from 'zod'

export type Trained = z.infer<typeof modelTrained.data>

/** How the conversion of a run ended: a graph, or the reason why there is none. */
export type Conversion =
  | { readonly onnx: Trained['artifact']; readonly report: z.infer<typeof modelConverted.data>['report'] }
  | { readonly reason: string }

/** What is known of a run so far. */
export interface RunFacts {
  readonly trained: Trained | null
  readonly conversion: Conversion | null
}
