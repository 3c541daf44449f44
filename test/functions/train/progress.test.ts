import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { testPostgres } from '../../../build/testkit/postgres.ts'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import train from '../../../functions/train/function.ts'
import type { Database } from '../../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../../runtime/adapters/postgres.ts'
import { postgresJobs } from '../../../runtime/adapters/postgres-jobs.ts'
import type { ClaimedJob, JobStore } from '../../../runtime/job-store.ts'
import { featuresExtracted, jobEnded } from '../../../triggers/events.ts'
import { ended, jobOf, order, ROWS, runOf, runsOf } from './bench.ts'
import { extractionOf } from './extraction.ts'

describe('the progress of a run', () => {
  let bench: FunctionTest
  let database: Database
  let jobs: JobStore
  before(async () => {
    bench = await setup(train)
    // The engine's side of the kit's first database.
    const url = new URL((await testPostgres()).url)
    url.pathname = `/mezz_test-${process.pid}-0`
    database = openDatabase({ url: url.href, schema: 'mezz' })
    jobs = postgresJobs(database, { team: `test-${process.pid}-0`, engine: 'tester' })
  })
  after(() => Promise.all([bench.close(), database.close()]))

  const began = async (name: string): Promise<{ run: string; job: ClaimedJob }> => {
    await bench.send('PUT', `/pipelines/${name}`, order(name))
    await bench.deliver(featuresExtracted, await extractionOf(bench.objects, name, ROWS))
    const [run] = await runsOf(bench, name)
    const [job] = await jobs.claim(1)
    assert.ok(run && job)
    assert.equal((await jobOf(bench, run.id)).id, job.job)
    return { run: run.id, job }
  }

  it('is told as it comes: progress, metrics that changed, and the end with the whole run', async () => {
    const { run, job } = await began('told')
    await jobs.progress(job, { progress: 0.5, metrics: { trainingLoss: 2 }, lines: [] })

    const answer = await bench.app.request(`/runs/${run}/progress`)
    assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/)
    const events = eventsOf(answer)
    const next = async () => (await events.next()).value

    assert.deepEqual(await next(), ['1', 'progress', { progress: 0.5 }])
    assert.deepEqual(await next(), ['2', 'metric', { name: 'trainingLoss', value: 2 }])
    await jobs.progress(job, { metrics: { trainingLoss: 1 }, lines: [] })
    assert.deepEqual(await next(), ['3', 'metric', { name: 'trainingLoss', value: 1 }])
    await jobs.progress(job, { progress: 0.75, metrics: {}, lines: [] })
    assert.deepEqual(await next(), ['4', 'progress', { progress: 0.75 }])
    assert.deepEqual((await runOf(bench, run)).state, 'running')
    await bench.deliver(jobEnded, ended(job.job, { state: 'failed', error: 'no luck' }))
    const rest = []
    for await (const event of events) rest.push(event)
    assert.deepEqual(rest.at(-1)?.slice(1), ['end', await runOf(bench, run)])
    assert.equal((await runOf(bench, run)).error, 'no luck')
  })

  it('ends at once where the run has ended', async () => {
    const { run, job } = await began('over')
    await bench.deliver(jobEnded, ended(job.job, { state: 'cancelled' }))

    const events = []
    for await (const [, kind] of eventsOf(await bench.request(`/runs/${run}/progress`))) events.push(kind)

    assert.deepEqual(events, ['progress', 'end'])
  })

  it('has a log of what its program printed', async () => {
    const { run, job } = await began('log')
    const lines = ['60 rows to learn from', '', 'round 1 of 3: 年'].map((line, at) => ({ n: at + 1, line }))
    await jobs.progress(job, { metrics: {}, lines })

    const log = await bench.request(`/runs/${run}/log`)

    assert.match(log.headers.get('content-type') ?? '', /^text\/plain;\s*charset=utf-8$/i)
    assert.match(await log.text(), /^\d{4}-\S+Z 60 rows to learn from\n\S+Z \n\S+Z round 1 of 3: 年\n$/)
  })
})

/** Events of a stream: id, kind, data. */
async function* eventsOf(answer: Response): AsyncGenerator<[string, string, unknown]> {
  let text = ''
  for await (const part of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const whole = `${text}${part}`.split('\n\n')
    text = whole.pop() ?? ''
    for (const event of whole) {
      const field = (name: string): string =>
        event
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2) ?? ''
      yield [field('id'), field('event'), JSON.parse(field('data'))]
    }
  }
}
