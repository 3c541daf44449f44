import { onnxruntimeModels } from '../../runtime/adapters/onnxruntime.ts'
import type { Models } from '../../runtime/ports.ts'
import type { OpenedPort } from '../../runtime/serve.ts'

/** ONNX Runtime in this process. */
export function open(): OpenedPort<Models> {
  const models = onnxruntimeModels()
  return { port: models, close: () => models.close() }
}
