import type * as z from 'zod'
import type { Objects } from '../../../runtime/ports.ts'
import { define } from '../../../runtime/tabular/definition.ts'
import { fitEncoder } from '../../../runtime/tabular/encoder.ts'
import type { modelConverted, modelTrained } from '../../../triggers/events.ts'

type Trained = z.infer<typeof modelTrained.data>

/** The facts of a run of a small regression; `given` replaces fields. The graph is bytes that nobody runs. */
export async function runFacts(objects: Objects, run: string, given: Partial<Trained> = {}) {
  const put = (value: unknown) => objects.put(new TextEncoder().encode(JSON.stringify(value)))
  const definition = define(
    [
      { name: 'x', type: 'number' },
      { name: 'y', type: 'number' },
    ],
    { target: 'y' },
  )
  const artifact = await put('no trees')
  const trained: Trained = {
    run,
    model: 'm',
    pipeline: 'm',
    view: 'm',
    extraction: 'e',
    inputs: [{ dataset: 'd', version: 1 }],
    format: 'lightgbm-text',
    artifact,
    definition: await put(definition),
    encoder: await put(fitEncoder(definition, [])),
    reference: artifact,
    metrics: { rmse: 1 },
    signature: { task: 'regression', target: 'y' },
    code: { trainer: 'gbdt', digest: 'sha256:0' },
    environment: { digest: 'sha256:0' },
    data: { digest: 'sha256:0' },
    seed: 1,
    ...given,
  }
  const converted: z.infer<typeof modelConverted.data> = {
    run,
    model: trained.model,
    onnx: await put(`the graph of ${run}`),
    report: { opset: 'ai.onnx 21', rows: 1, leafMismatches: 0, maxAbsoluteDifference: 0 },
  }
  return { trained, converted }
}
