import type { Context, MiddlewareHandler } from 'hono'
import { Hono } from 'hono'
import { uuidv7 } from 'mezz/uuid'
import { answers, body, nameParam } from 'mezz/validate'
import * as z from 'zod'
import type { Library } from './library.ts'
import { inputsOf, scoreTensors } from './oip-inputs.ts'
import { outputs, outputsOf } from './oip-outputs.ts'
import { ownTensors, runOwn } from './oip-own.ts'
import { Health, InferenceRequest, InferenceResponse, ModelMetadata, ModelReady, ServerMetadata } from './oip-schema.ts'

const HEALTHY: z.infer<typeof Health> = { live: true, ready: true }
const MODELS = ['/models/:model', '/models/:model/versions/:version'] as const

/**
 * The Open Inference Protocol v2: a tensor for each raw column, so that it and `predict` share rows, encoder and graph; a graph
 * that a script brought keeps its own tensors.
 */
export function openInference(models: Library, elsewhere: MiddlewareHandler): Hono {
  const app = new Hono()
    .use(withError)
    .get('/', answers('The server', { 200: ServerMetadata }), (c) =>
      c.json({ name: 'mezz', version: '1', extensions: [] }),
    )
    .get('/health/live', answers('Whether it lives', { 200: Health }), (c) => c.json(HEALTHY))
    .get('/health/ready', answers('Whether it takes requests', { 200: Health }), (c) => c.json(HEALTHY))

  const choose = (c: Context, uuid: string) => {
    const model = nameParam(c, 'model')
    const version = c.req.param('version')
    return version === undefined ? models.current(model, uuid) : models.version(model, version)
  }

  for (const path of MODELS) {
    app
      .get(
        path,
        elsewhere,
        answers('A model and its tensors', { 200: ModelMetadata, 307: null }, 'conflict', 'unprocessable'),
        async (c) => {
          const name = nameParam(c, 'model')
          const { version, scorer } = await choose(c, uuidv7())
          const versions = c.req.param('version') === undefined ? await models.versions(name) : [version]
          return c.json({
            name,
            versions: versions.map(String),
            platform: 'onnxruntime_onnx',
            inputs: scorer.graph ? ownTensors(scorer.graph.inputs) : inputsOf(scorer),
            outputs: scorer.graph ? ownTensors(scorer.graph.outputs) : outputsOf(scorer),
          })
        },
      )
      .get(
        `${path}/ready`,
        elsewhere,
        answers('Whether a model answers', { 200: ModelReady, 307: null }, 'conflict', 'unprocessable'),
        async (c) => {
          await choose(c, uuidv7())
          return c.json({ name: nameParam(c, 'model'), ready: true })
        },
      )
      .post(
        `${path}/infer`,
        elsewhere,
        body(InferenceRequest),
        answers(
          'Predicts the rows of these tensors',
          { 200: InferenceResponse, 307: null },
          'conflict',
          'unprocessable',
          'too_many_requests',
        ),
        async (c) => {
          const name = nameParam(c, 'model')
          const asked = c.req.valid('json')
          const uuid = uuidv7()
          const { version, scorer } = await choose(c, uuid)
          const prediction = `${name}@${version}/${uuid}`
          return c.json({
            model_name: name,
            model_version: String(version),
            id: asked.id ?? prediction,
            parameters: { prediction },
            outputs: scorer.graph
              ? await runOwn(scorer.graph, asked.inputs, asked.outputs)
              : outputs(scorer, await scoreTensors(scorer, asked.inputs), asked.outputs),
          })
        },
      )
  }
  return app
}

const Problem = z.looseObject({ detail: z.string() })

/** The protocol's clients look for `error`: an extension member of the problem document. */
async function withError(c: Context, next: () => Promise<void>): Promise<void> {
  await next()
  const { status, headers } = c.res
  if (status < 400) return
  const problem = Problem.parse(await c.res.clone().json())
  c.res = new Response(JSON.stringify({ ...problem, error: problem.detail }), { status, headers })
}
