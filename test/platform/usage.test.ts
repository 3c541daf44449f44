import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { ask, begin, CELLS, predict, published, someRow } from './chain.ts'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'

const Hour = z.object({
  hour: z.iso.datetime(),
  name: z.string(),
  coreSeconds: z.number(),
  peakMemoryBytes: z.number(),
  gpuSeconds: z.number(),
  requests: z.number(),
  predictions: z.number(),
  events: z.number(),
  storedBytes: z.number().optional(),
})
const Usage = z.object({ items: z.array(Hour), next: z.string().optional() })
type Hour = z.infer<typeof Hour>

describe('usage of a platform that runs', () => {
  let root = ''
  let dev: Dev
  let id = ''
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mezz-usage-'))
    dev = await startDev({ data: join(root, 'data'), folder: root })
    await begin(dev.url, CELLS)
    await published(dev.url, 'cells')
  })
  after(async () => {
    await dev.stop()
    await rm(root, { recursive: true, force: true })
  })

  /** The hours of each name as one: the test may run over the end of an hour. */
  async function usage(by: string): Promise<Map<string, Hour>> {
    const { items } = await ask(`${dev.url}/_mezz/usage?by=${by}`, Usage)
    const whole = new Map<string, Hour>()
    for (const one of items) {
      const known = whole.get(one.name)
      const sum = (of: (hour: Hour) => number): number => of(one) + (known ? of(known) : 0)
      whole.set(one.name, {
        ...one,
        coreSeconds: sum(({ coreSeconds }) => coreSeconds),
        requests: sum(({ requests }) => requests),
        predictions: sum(({ predictions }) => predictions),
        events: sum(({ events }) => events),
        peakMemoryBytes: Math.max(one.peakMemoryBytes, known?.peakMemoryBytes ?? 0),
        storedBytes: one.storedBytes ?? known?.storedBytes,
      })
    }
    return whole
  }
  const of = async (by: string, name: string): Promise<Hour> =>
    (await usage(by)).get(name) ?? assert.fail(`no usage of ${by} ${name}`)

  it('has each request once, of its function and of its model, and a prediction only where there is one', async () => {
    const row = await someRow(dev.url, 'cells')
    const earlier = (await usage('function')).get('infer')?.requests ?? 0
    for (let i = 0; i < 20; i++) ({ id } = await predict(dev.url, 'cells', [row]))
    await Promise.all(Array.from({ length: 30 }, () => predict(dev.url, 'cells', [row, row])))
    for (const path of ['/models/cells/predict', '/v2/models/cells/infer', '/models/nosuch/predict', '/nowhere'])
      await (await fetch(`${dev.url}/default/infer${path}`, { method: 'POST', body: '{' })).text()

    assert.equal((await of('function', 'infer')).requests, earlier + 54)
    const model = await of('model', 'cells')
    assert.deepEqual([model.requests, model.predictions], [50, 50])
    assert.deepEqual([...(await usage('model')).keys()], ['cells'])
  })

  it('has what a job took, of its program, of its function and of its model', async () => {
    const [job, model, train, team] = [
      await of('job', 'train/gbdt/cells'),
      await of('model', 'cells'),
      await of('function', 'train'),
      await of('team', 'default'),
    ]

    assert.ok(job.coreSeconds > 0)
    assert.ok(job.peakMemoryBytes > 2 ** 20)
    assert.equal(model.coreSeconds, job.coreSeconds)
    assert.ok(train.coreSeconds > job.coreSeconds, 'its own processes beside its job')
    assert.ok(team.coreSeconds > train.coreSeconds)
  })

  it('has processor time and memory of each function that was asked', async () => {
    const all = await usage('function')

    for (const name of ['ingest', 'features', 'train', 'convert', 'publish', 'infer']) {
      const { coreSeconds, peakMemoryBytes, requests } = all.get(name) ?? assert.fail(name)
      assert.ok(coreSeconds > 0 && peakMemoryBytes > 2 ** 20 && requests > 0, name)
    }
  })

  it('has each event once, of who told it', async () => {
    const all = await usage('function')
    const told = (name: string): number | undefined => all.get(name)?.events

    assert.deepEqual(
      ['ingest', 'features', 'train', 'convert', 'publish', 'engine', 'infer'].map(told),
      [1, 1, 2, 1, 1, 1, 0],
    )
    assert.equal((await of('team', 'default')).events, 7)
  })

  it('has the bytes that are stored, for who keeps them', async () => {
    const all = await usage('function')
    const stored = (name: string): number => all.get(name)?.storedBytes ?? 0

    assert.ok(stored('ingest') > 1000 && stored('publish') > 1000 && stored('train') > 1000)
    assert.equal(stored('infer'), 0)
    const team = await of('team', 'default')
    assert.ok((team.storedBytes ?? 0) >= stored('ingest') + stored('features'))
    assert.ok(((await of('model', 'cells')).storedBytes ?? 0) > stored('publish'))
    assert.ok(((await of('job', 'train/gbdt/cells')).storedBytes ?? 0) > 0)
  })

  it('comes in pages, within the times asked for', async () => {
    const first = await ask(`${dev.url}/_mezz/usage?limit=2`, Usage)
    const second = await ask(`${dev.url}/_mezz/usage?limit=100&after=${encodeURIComponent(first.next ?? '')}`, Usage)
    const whole = await ask(`${dev.url}/_mezz/usage`, Usage)
    const names = ({ items }: z.infer<typeof Usage>) => items.map(({ hour, name }) => `${hour} ${name}`)

    assert.deepEqual([...names(first), ...names(second)], names(whole))
    assert.deepEqual((await ask(`${dev.url}/_mezz/usage?from=2020-01-01&to=2020-01-02`, Usage)).items, [])
  })

  it('is refused where the question is none', async () => {
    for (const query of ['by=planet', 'from=yesterday', 'from=2026-01-02&to=2026-01-01', 'limit=0', 'after=x', 'x=1'])
      assert.equal((await fetch(`${dev.url}/_mezz/usage?${query}`)).status, 400, query)
  })

  it('is shown by mezz usage, and lineage by mezz lineage', () => {
    const mezz = (...args: readonly string[]) =>
      spawnSync(process.execPath, [resolve('build/launch.js'), ...args, '--url', dev.url], { encoding: 'utf8' })

    assert.match(mezz('usage').stdout, /^HOUR \(UTC\) +FUNCTION +CORES +MEMORY +REQUESTS +EVENTS +STORED\n/)
    assert.match(mezz('usage', '--by', 'job', '--from', '2h').stdout, / train\/gbdt\/cells +[\d.]+ s +[\d.]+ MiB/)
    assert.equal(mezz('usage', '--by', 'planet').status, 2)
    const back = mezz('lineage', id).stdout
    assert.match(
      back,
      /^prediction cells@1\/.*\n└─ models\/cells@1 .*\n {3}└─ conversions\/cells@.*\n {6}└─ runs\/cells@/,
    )
    for (const what of [
      'code/gbdt@sha256:',
      'environments/sha256:',
      'pipelines/cells',
      'views/cells',
      'datasets/cells@1',
      'bytes sha256:',
    ])
      assert.ok(back.includes(`─ ${what}`), what)
    assert.match(
      mezz('lineage', 'datasets/cells', '--forward').stdout,
      /^datasets\/cells@1 .*\n└─ extractions\/cells@.*\n[\s\S]*─ models\/cells@1 /,
    )
    const unknown = mezz('lineage', 'datasets/cell')
    assert.deepEqual([unknown.status, unknown.stderr.split('; ')[1]], [1, 'did you mean datasets/cells?\n'])
  })

  it('outlives the platform: what was counted until its end is there in the next, once', async () => {
    const row = await someRow(dev.url, 'cells')
    for (let i = 0; i < 5; i++) await predict(dev.url, 'cells', [row])
    const before = await usage('function')
    const count = async () => (await of('function', 'infer')).requests
    const requests = await count()

    await predict(dev.url, 'cells', [row])
    assert.equal(await dev.stop(), 0)
    dev = await startDev({ data: join(root, 'data'), folder: root })

    assert.equal(await count(), requests + 1)
    const after = await usage('function')
    for (const name of ['ingest', 'convert', 'publish', 'train', 'engine'])
      assert.equal(after.get(name)?.events, before.get(name)?.events, name)
    assert.ok((after.get('infer')?.coreSeconds ?? 0) >= (before.get('infer')?.coreSeconds ?? 0))
  })
})
