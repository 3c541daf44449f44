import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { childProcesses } from '../../runtime/adapters/child-processes.ts'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import type { Database } from '../../runtime/adapters/postgres.ts'
import { uuidv7 } from '../../runtime/uuid.ts'
import { eventually } from './eventually.ts'
import type { CrashingPostgres } from './fixture/crashing-postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'
import { toyEngine } from './fixture/toy-engine.ts'
import { jobProcesses } from './job-processes.ts'

/** Of the race; 200 by hand. */
const ROUNDS = Number(process.env['ROUNDS'] ?? 40)
const PROGRAM = join(import.meta.dirname, 'programs/job.mjs')

interface Job {
  readonly state: string
  readonly attempt: number
  readonly error: string | null
  readonly progress: number
  readonly outputs: Record<string, { readonly bytes: number }> | null
}

describe('a job', () => {
  let root = ''
  let postgres: CrashingPostgres
  let url = ''
  let running: ReturnType<typeof engine>
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mezz-jobs-'))
    postgres = await crashingPostgres()
    ;({ engine: url } = await postgres.team())
    running = engine()
  })
  after(async () => {
    await running.close()
    await postgres.close()
    await rm(root, { recursive: true, force: true })
  })

  function engine() {
    const launcher = childProcesses({
      objects: folderObjects(join(root, 'objects')),
      folder: join(root, 'jobs'),
      node: process.execPath,
      resolve: () => ({ command: [process.execPath, PROGRAM] }),
    })
    return toyEngine({ url, more: { launcher, parallelJobs: 2 } })
  }
  async function ask(does: string, waitsFor = ''): Promise<string> {
    const id = uuidv7()
    const request = { program: 'job', inputs: {}, environment: { DOES: does, WAITS_FOR: waitsFor } }
    const context = { traceparent: '', causationid: id, correlationid: id, authtype: 'user', authid: 'toys/test' }
    await running.database.query`
      insert into jobs (id, owner, request, context) values (${id}, 'toy', ${request}::jsonb, ${context}::jsonb)`
    await running.database.query`select pg_notify('mezz_jobs', '')`
    return id
  }
  const job = async (id: string, database: Database = running.database): Promise<Job | undefined> => {
    const [row] = await database.query<Job>`select state, attempt, error, progress, outputs from jobs where id = ${id}`
    return row
  }
  const ended = (id: string): Promise<Job> =>
    eventually(`the end of ${id}`, async () => {
      const now = await job(id)
      return now && !['queued', 'running'].includes(now.state) && now
    })
  /** How often its end was told, in the outbox or beyond. */
  const told = (id: string): Promise<number> =>
    eventually('the event of its end', async () => {
      // On its way it may lie in two of these places.
      const rows = await running.database.query`
        select id::text from outbox where key = ${id}
        union select headers->>'ce_id' from log where topic = 'jobs' and key = ${id}
        union select id from flow_events where subject = ${id} and type = 'mezz.job.ended.v1'`
      return rows.length > 0 && rows.length
    })

  it('that fails says why, once', async () => {
    const id = await ask('fails')

    const { state, error, attempt } = await ended(id)

    assert.deepEqual([state, attempt], ['failed', 1])
    assert.match(error ?? '', /the table has no rows/)
  })

  it('that is killed has failed, with the signal', async () => {
    const { state, error } = await ended(await ask('dies'))

    assert.equal(state, 'failed')
    assert.match(error ?? '', /SIGKILL/)
  })

  it('that prints 100,000 lines has them in its log', async () => {
    const id = await ask('chats')

    assert.equal((await ended(id)).state, 'succeeded')
    const [row] = await running.database.query<{ n: number }>`select count(*) as n from job_lines where job = ${id}`
    assert.equal(row?.n, 100_001)
  })

  it('that prints garbage ends as it would', async () => {
    const id = await ask('garbage')

    const { state, outputs } = await ended(id)

    assert.equal(state, 'succeeded')
    assert.deepEqual(Object.keys(outputs ?? {}), ['result.txt'])
  })

  it('goes on through an outage of the database, also when it ends meanwhile, and its end is told once', async () => {
    const go = join(root, 'go-outage')
    const id = await ask('waits', go)
    await eventually('its progress', async () => (await job(id))?.progress === 0.5)

    await postgres.outage(async () => writeFile(go, ''))

    const { state, attempt } = await ended(id)
    assert.deepEqual([state, attempt], ['succeeded', 1])
    assert.equal(await told(id), 1)
  })

  it('of an engine that has closed is taken up by the next as another attempt', async () => {
    const go = join(root, 'go-next')
    const id = await ask('waits', go)
    await eventually('its progress', async () => (await job(id))?.progress === 0.5)
    await running.close()

    running = engine()
    await writeFile(go, '')

    const { state, attempt } = await ended(id)
    assert.deepEqual([state, attempt], ['succeeded', 2])
    const lines = await running.database.query<{
      line: string
    }>`select line from job_lines where job = ${id} order by n`
    assert.deepEqual(
      lines.map(({ line }) => line),
      ['attempt 1', 'attempt 2'],
    )
  })

  it('that leaves more files than one event can name has failed, and says so', async () => {
    const { state, error } = await ended(await ask('litters'))

    assert.equal(state, 'failed')
    assert.match(error ?? '', /too many files/)
  })

  it('that cannot be run is tried again after a while, and in the end given up with the reason', async () => {
    const { engine: other } = await postgres.team()
    const begun: number[] = []
    const place = {
      run: () => Promise.reject(new Error('never reached')),
      clear: () => {
        begun.push(performance.now())
        return Promise.reject(new Error('the folder of jobs is read-only'))
      },
    }
    const toy = toyEngine({ url: other, more: { launcher: place } })
    const id = uuidv7()
    const context = { traceparent: '', causationid: id, correlationid: id, authtype: 'user', authid: 'toys/test' }
    await toy.database.query`
      insert into jobs (id, owner, request, context, attempt)
      values (${id}, 'toy', ${{ program: 'job', inputs: {} }}::jsonb, ${context}::jsonb, 0)`
    await toy.database.query`select pg_notify('mezz_jobs', '')`
    await eventually('two attempts', async () => begun.length >= 2)
    await toy.database.query`update jobs set attempt = 10 where id = ${id}`

    const last = await eventually('its end', async () => {
      const row = await job(id, toy.database)
      return row?.state === 'failed' && row
    })

    assert.ok((begun[1] ?? 0) - (begun[0] ?? 0) >= 400)
    assert.match(last.error ?? '', /given up after 10 attempts; .*the folder of jobs is read-only/)
    await toy.close()
  })

  it('that is cancelled while it waits for a place ends so, without an attempt, and its end is told once', async () => {
    const go = join(root, 'go-places')
    const busy = [await ask('waits', go), await ask('waits', go)]
    for (const id of busy) await eventually('its progress', async () => (await job(id))?.progress === 0.5)
    const id = await ask('fails')

    await running.cancellations.cancel(id)

    const { state, error } = await ended(id)
    assert.deepEqual([state, error], ['cancelled', null])
    assert.equal(await told(id), 1)
    await writeFile(go, '')
    for (const one of busy) assert.equal((await ended(one)).state, 'succeeded')
  })

  it('that is cancelled at any moment has one end, which is told once, and leaves no process', async () => {
    const begun = performance.now()
    await ended(await ask('garbage'))
    const whole = performance.now() - begun
    const ends = new Map<string, number>()
    for (let round = 0; round < ROUNDS; round++) {
      const id = await ask('garbage')
      // Queued, being started, running, its outputs being stored, ended: over the time that one takes here, and beyond.
      await wait((round / ROUNDS) * 2 * whole)
      await running.cancellations.cancel(id)
      const { state } = await ended(id)
      ends.set(state, (ends.get(state) ?? 0) + 1)
      assert.equal(await told(id), 1)
      assert.equal((await job(id))?.state, state)
    }

    assert.deepEqual([...ends.keys()].sort(), ['cancelled', 'succeeded'])
    assert.deepEqual(jobProcesses(join(root, 'jobs')), [])
  })
})
