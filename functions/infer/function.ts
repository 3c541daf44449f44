import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { batchCompleted } from 'mezz/events'
import { uuidv7 } from 'mezz/uuid'
import { answers, body, nameParam } from 'mezz/validate'
import { batches } from './batches/routes.ts'
import { library } from './library.ts'
import { openInference } from './oip.ts'
import { Predictions, predictions, Rows } from './predictions.ts'
import { sendOn } from './send-on.ts'

export default defineFunction({
  name: 'infer',
  summary: 'Predicts rows by published models, from objects alone, and whole datasets by jobs',
  // Predictions of rows never touch sql, so that they go on while the database is down.
  uses: ['objects', 'models', 'sql'],
  emits: [batchCompleted],
  scope: 'models:predict',
  scale: { concurrency: 64 },
  resources: { cpu: '1', memory: '1Gi' },
  programs: { batch: 'batch/main.ts' },

  app(ports, own) {
    const models = library(ports)
    const elsewhere = sendOn(models, own)

    return new Hono()
      .post(
        '/models/:model/predict',
        elsewhere,
        body(Rows),
        answers(
          'Predicts up to 10,000 rows by a published version',
          { 200: Predictions, 307: null },
          'conflict',
          'unprocessable',
          'too_many_requests',
        ),
        async (c) => {
          const model = nameParam(c, 'model')
          const { rows } = c.req.valid('json')
          const uuid = uuidv7()
          const { version, scorer } = await models.current(model, uuid)
          const scores = await scorer.score(rows)
          return c.json({
            id: `${model}@${version}/${uuid}`,
            model,
            version,
            predictions: predictions(scorer.signature, scores),
          })
        },
      )
      .route('/v2', openInference(models, elsewhere))
      .route('/', batches(ports, models))
  },
})
