import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import train from '../../../functions/train/function.ts'
import { featuresExtracted, jobEnded } from '../../../triggers/events.ts'
import { asEvent, ended, order, ROWS } from './bench.ts'
import { extractionOf } from './extraction.ts'

const Problem = z.object({ code: z.string(), errors: z.array(z.object({ pointer: z.string() })).optional() })
const GOOD = order('bad-view')
const JSON_TYPE = { 'Content-Type': 'application/json' }

type Row = readonly [what: string, body: unknown, status: number, code: string, pointer?: string]

const { view: _, ...NO_VIEW } = GOOD
const ORDERS: readonly Row[] = [
  ['no field', {}, 400, 'invalid_input', '/target'],
  ['an order that is no object', [], 400, 'invalid_input', ''],
  ['null', null, 400, 'invalid_input', ''],
  ['neither a dataset nor a view', NO_VIEW, 400, 'invalid_input', '/dataset'],
  ['a dataset and a view', { ...GOOD, dataset: 'd' }, 400, 'invalid_input', '/dataset'],
  ['a view whose name is none', { ...GOOD, view: 'A b' }, 400, 'invalid_input', '/view'],
  ['a dataset whose name is none', { ...NO_VIEW, dataset: '-' }, 400, 'invalid_input', '/dataset'],
  ['a model whose name is none', { ...GOOD, model: 'x'.repeat(64) }, 400, 'invalid_input', '/model'],
  ['no target', { ...GOOD, target: undefined }, 400, 'invalid_input', '/target'],
  ['an empty target', { ...GOOD, target: '' }, 400, 'invalid_input', '/target'],
  ['a target with a NUL', { ...GOOD, target: 'y\0' }, 400, 'invalid_input', '/target'],
  ['a target with half a character', { ...GOOD, target: '\ud800' }, 400, 'invalid_input', '/target'],
  ['a target that is too long', { ...GOOD, target: 'y'.repeat(1001) }, 400, 'invalid_input', '/target'],
  ['a task that is none', { ...GOOD, task: 'clustering' }, 400, 'invalid_input', '/task'],
  ['a trainer that is not known', { ...GOOD, trainer: 'xgboost' }, 400, 'invalid_input', '/trainer'],
  ['an unknown field', { ...GOOD, gpu: 1 }, 400, 'invalid_input', '/gpu'],
  ['a GPU where there is none', { ...GOOD, gpu: { count: 1 } }, 422, 'gpu_unavailable', '/gpu'],
  ['a GPU to serve by', { ...GOOD, serving: { gpu: { count: 1 } } }, 422, 'gpu_unavailable', '/serving/gpu'],
  ['serving by an unknown field', { ...GOOD, serving: { replicas: 1 } }, 400, 'invalid_input', '/serving/replicas'],
  ['serving at most none', { ...GOOD, serving: { scale: { max: 0 } } }, 400, 'invalid_input', '/serving/scale/max'],
  [
    'serving at least more',
    { ...GOOD, serving: { scale: { min: 2, max: 1 } } },
    400,
    'invalid_input',
    '/serving/scale/min',
  ],
  ['parameters that are no object', { ...GOOD, parameters: 3 }, 400, 'invalid_input', '/parameters'],
  ['an unknown parameter', { ...GOOD, parameters: { 'a/b': 1 } }, 422, 'unprocessable', '/parameters/a~1b'],
  ['a parameter that is too small', { ...GOOD, parameters: { rounds: 0 } }, 422, 'unprocessable', '/parameters/rounds'],
  ['a parameter of another type', { ...GOOD, parameters: { leaves: '3' } }, 422, 'unprocessable', '/parameters/leaves'],
  ['a holdout of nothing', { ...GOOD, holdout: 0 }, 400, 'invalid_input', '/holdout'],
  ['a holdout of more than half', { ...GOOD, holdout: 0.6 }, 400, 'invalid_input', '/holdout'],
  [
    'memory that is no quantity',
    { ...GOOD, resources: { cpu: '1', memory: 'much' } },
    400,
    'invalid_input',
    '/resources/memory',
  ],
  ['resources without cpu', { ...GOOD, resources: { memory: '1Gi' } }, 400, 'invalid_input', '/resources/cpu'],
  ['a publish rule without a bound', { ...GOOD, publish: { metric: 'rmse' } }, 400, 'invalid_input', '/publish'],
  [
    'a publish rule with two bounds',
    { ...GOOD, publish: { metric: 'rmse', atLeast: 0, atMost: 1 } },
    400,
    'invalid_input',
    '/publish',
  ],
  [
    'a publish rule on the other task’s metric',
    { ...GOOD, publish: { metric: 'accuracy', atLeast: 1 } },
    422,
    'unprocessable',
    '/publish/metric',
  ],
  [
    'a publish rule on no metric',
    { ...GOOD, publish: { metric: 'luck', atLeast: 1 } },
    422,
    'unprocessable',
    '/publish/metric',
  ],
]

const post = (path: string, body: string, headers: Record<string, string>): [string, RequestInit] => [
  path,
  { method: 'POST', body, headers },
]
const put = (body: string, headers: Record<string, string> = JSON_TYPE, name = 'bad'): [string, RequestInit] => [
  `/pipelines/${name}`,
  { method: 'PUT', body, headers },
]
const NO_RUN = randomUUID()
const extractedEvent = asEvent(featuresExtracted.type)
const endedEvent = asEvent(jobEnded.type)

const REQUESTS: readonly [string, readonly [string, RequestInit?], number, string, string?][] = [
  ['an order that is no JSON', put('{'), 400, 'invalid_input', ''],
  [
    'an order of another type',
    put(JSON.stringify(GOOD), { 'Content-Type': 'text/plain' }),
    415,
    'unsupported_media_type',
  ],
  ['an order that is too large', put(JSON.stringify({ ...GOOD, target: 'y'.repeat(17 << 20) })), 413, 'too_large'],
  ['an order that is too deep', put('['.repeat(1000)), 400, 'invalid_input', ''],
  ['a pipeline whose name is none', put(JSON.stringify(GOOD), JSON_TYPE, 'A%20b'), 400, 'invalid_input', '/name'],
  ['a pipeline that is not there', ['/pipelines/none'], 404, 'not_found'],
  ['a pipeline that cannot be', ['/pipelines/A%20b'], 400, 'invalid_input', '/name'],
  ['a method that is not taken', ['/pipelines/bad', { method: 'PATCH' }], 405, 'method_not_allowed'],
  ['a run of a pipeline that is not there', ['/pipelines/none/runs', { method: 'POST' }], 404, 'not_found'],
  ['a run of a pipeline that cannot be', ['/pipelines/A/runs', { method: 'POST' }], 400, 'invalid_input', '/name'],
  ['a run of a pipeline without features', ['/pipelines/no-features/runs', { method: 'POST' }], 409, 'conflict'],
  ['a page of nothing', ['/pipelines?limit=0'], 400, 'invalid_input', '/limit'],
  ['a page that is too large', ['/pipelines?limit=1001'], 400, 'invalid_input', '/limit'],
  ['a page twice', ['/pipelines?limit=1&limit=2'], 400, 'invalid_input', '/limit'],
  ['a page after a NUL', ['/pipelines?after=%00'], 400, 'invalid_input', '/after'],
  ['an unknown parameter of pipelines', ['/pipelines?order=age'], 400, 'invalid_input', '/order'],
  ['runs of a model that cannot be', ['/runs?model=A%20b'], 400, 'invalid_input', '/model'],
  ['runs after what is no run', ['/runs?after=x'], 400, 'invalid_input', '/after'],
  ['a limit of runs that is no number', ['/runs?limit=x'], 400, 'invalid_input', '/limit'],
  ['an unknown parameter of runs', ['/runs?state=failed'], 400, 'invalid_input', '/state'],
  ['a run that is not there', [`/runs/${NO_RUN}`], 404, 'not_found'],
  ['a run that cannot be', ['/runs/1%00'], 404, 'not_found'],
  ['the log of a run that is not there', [`/runs/${NO_RUN}/log`], 404, 'not_found'],
  ['the log of a run that cannot be', ['/runs/x/log'], 404, 'not_found'],
  ['the progress of a run that is not there', [`/runs/${NO_RUN}/progress`], 404, 'not_found'],
  ['the progress of a run that cannot be', ['/runs/x/progress'], 404, 'not_found'],
  [
    'features from a caller that is not the engine',
    post('/events/features-extracted', '{}', JSON_TYPE),
    401,
    'unauthenticated',
  ],
  [
    'features without their fields',
    post('/events/features-extracted', '{}', extractedEvent),
    400,
    'invalid_input',
    '/view',
  ],
  ['features of another type', post('/events/features-extracted', '{}', endedEvent), 400, 'invalid_input'],
  ['the end of a job without its fields', post('/events/job-ended', '{}', endedEvent), 400, 'invalid_input', '/job'],
  [
    'the end of a job in a state that is none',
    post('/events/job-ended', JSON.stringify({ ...ended('j'), state: 'lost' }), endedEvent),
    400,
    'invalid_input',
    '/state',
  ],
]

describe('train refuses', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(train)
    // Whatever were registered of the orders would start a run at once.
    await bench.deliver(featuresExtracted, await extractionOf(bench.objects, 'bad-view', ROWS))
    await bench.send('PUT', '/pipelines/no-features', order('none'))
  })
  after(() => bench.close())

  const kept = async () => ({
    pipelines: await (await bench.request('/pipelines')).text(),
    runs: await (await bench.request('/runs')).text(),
    emitted: await bench.emitted(),
    jobs: await bench.jobs(),
  })

  const orders: typeof REQUESTS = ORDERS.map(([what, body, ...expected]) => [
    what,
    put(JSON.stringify(body)),
    ...expected,
  ])
  for (const [what, [path, init], status, code, pointer] of [...orders, ...REQUESTS]) {
    it(`${what}: ${status} ${code} ${pointer ?? ''}, and keeps nothing of it`, async () => {
      const before = await kept()

      const answer = await bench.request(path, init)

      const text = await answer.text()
      assert.equal(answer.status, status, text)
      const problem = Problem.parse(JSON.parse(text))
      assert.equal(problem.code, code)
      assert.equal(problem.errors?.[0]?.pointer, pointer ?? problem.errors?.[0]?.pointer, text)
      if (pointer !== undefined) assert.ok(problem.errors?.length)
      assert.deepEqual(await kept(), before)
    })
  }

  it('nothing that is right: what the table breaks is good by itself', async () => {
    const answer = await bench.send('PUT', '/pipelines/bad', GOOD)

    assert.equal(answer.status, 201)
    assert.equal((await bench.jobs()).length, 1)
  })
})
