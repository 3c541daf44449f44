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

    assert.deepEqual((await next()).slice(1), ['progress', { progress: 0.5 }])
    assert.deepEqual((await next()).slice(1), ['metric', { name: 'trainingLoss', value: 2 }])
    await jobs.progress(job, { metrics: { trainingLoss: 1 }, lines: [] })
    assert.deepEqual((await next()).slice(1), ['metric', { name: 'trainingLoss', value: 1 }])
    await jobs.progress(job, { progress: 0.75, metrics: {}, lines: [] })
    assert.deepEqual((await next()).slice(1), ['progress', { progress: 0.75 }])
    assert.deepEqual((await runOf(bench, run)).state, 'running')
    await bench.deliver(jobEnded, ended(job.job, { state: 'failed', error: 'no luck' }))
    const rest = []
    for await (const event of events) rest.push(event)
    assert.deepEqual(rest.at(-1)?.slice(1), ['end', await runOf(bench, run)])
    assert.equal((await runOf(bench, run)).error, 'no luck')
  })

  it('goes on for a reader that comes back where it was, and tells all of it to one whose id is none', async () => {
    const { run, job } = await began('resumed')
    await jobs.progress(job, { progress: 0.5, metrics: { trainingLoss: 2, rows: 60 }, lines: [] })
    const read = async (id: string | undefined, most: number) => {
      const answer = await bench.app.request(`/runs/${run}/progress`, { headers: id ? { 'Last-Event-ID': id } : {} })
      const events = []
      for await (const event of eventsOf(answer)) if (events.push(event) === most) break
      return events
    }

    const first = await read(undefined, 2)
    await jobs.progress(job, { progress: 0.6, metrics: {}, lines: [] })
    const then = await read(first.at(-1)?.[0], 2)
    const strange = await read('%%% no id of ours', 3)

    const told = (events: [string, string, unknown][]) => events.map(([, kind, data]) => [kind, data])
    assert.equal(told(first).length, 2)
    assert.deepEqual(told(first)[0], ['progress', { progress: 0.5 }])
    assert.deepEqual(
      [...told(first), ...told(then)].filter(([kind]) => kind === 'metric').length,
      2,
      'each metric once over both',
    )
    assert.deepEqual(told(then)[0], ['progress', { progress: 0.6 }])
    assert.equal(told(strange).length, 3)
  })

  it('can be cancelled while it has no end, once and again', async () => {
    const { run, job } = await began('cancelled')
    const cancel = () => bench.send('POST', `/runs/${run}/cancel`, {})

    const asked = await cancel()
    const ids = await jobs.cancelled([job.job])
    await bench.deliver(jobEnded, ended(job.job, { state: 'cancelled' }))
    const again = await cancel()

    assert.deepEqual([asked.status, again.status], [202, 200])
    assert.deepEqual(ids, [job.job])
    assert.equal((await runOf(bench, run)).state, 'cancelled')
    const other = await began('too-late')
    await bench.deliver(jobEnded, ended(other.job.job, { state: 'failed', error: 'no luck' }))
    assert.equal((await bench.send('POST', `/runs/${other.run}/cancel`, {})).status, 409)
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
