import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { childProcesses } from '../../runtime/adapters/child-processes.ts'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import { uuidv7 } from '../../runtime/uuid.ts'
import { eventually } from '../platform/eventually.ts'
import type { CrashingPostgres } from '../platform/fixture/crashing-postgres.ts'
import { crashingPostgres } from '../platform/fixture/crashing-postgres.ts'
import { toyEngine } from '../platform/fixture/toy-engine.ts'
import { jobProcesses } from '../platform/job-processes.ts'
import { chance, rounds } from '../race.ts'

const PROGRAM = resolve('test/platform/programs/job.mjs')

describe('a job that is cancelled has one end, told once, and leaves no process:', () => {
  let root = ''
  let postgres: CrashingPostgres
  let engine: ReturnType<typeof toyEngine>
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mezz-race-cancel-'))
    postgres = await crashingPostgres()
    const { engine: url } = await postgres.team()
    const launcher = childProcesses({
      objects: folderObjects(join(root, 'objects')),
      folder: join(root, 'jobs'),
      node: process.execPath,
      resolve: () => ({ command: [process.execPath, PROGRAM] }),
    })
    engine = toyEngine({ url, more: { launcher, parallelJobs: 2 } })
  })
  after(async () => {
    await engine.close()
    await postgres.close()
    await rm(root, { recursive: true, force: true })
  })

  async function ask(waitsFor: string): Promise<string> {
    const id = uuidv7()
    const request = { program: 'job', inputs: {}, environment: { DOES: 'waits', WAITS_FOR: waitsFor } }
    const context = { traceparent: '', causationid: id, correlationid: id, authtype: 'user', authid: 'toys/test' }
    await engine.database.query`
      insert into jobs (id, owner, request, context) values (${id}, 'toy', ${request}::jsonb, ${context}::jsonb)`
    await engine.database.query`select pg_notify('mezz_jobs', '')`
    return id
  }
  const runs = (id: string) =>
    eventually(`the progress of ${id}`, async () => {
      const rows = await engine.database.query`select 1 from jobs where id = ${id} and progress = 0.5`
      return rows.length > 0
    })
  async function endOf(id: string): Promise<string> {
    const state = await eventually(`the end of ${id}`, async () => {
      const [row] = await engine.database.query<{ state: string }>`select state from jobs where id = ${id}`
      return row && !['queued', 'running'].includes(row.state) && row.state
    })
    const told = await eventually(`the event of ${id}`, async () => {
      // On its way it may lie in two of these places.
      const rows = await engine.database.query`
        select id::text from outbox where key = ${id}
        union select headers->>'ce_id' from log where topic = 'jobs' and key = ${id}
        union select id from flow_events where subject = ${id} and type = 'mezz.job.ended.v1'`
      return rows.length > 0 && rows.length
    })
    assert.equal(told, 1)
    const [still] = await engine.database.query<{ state: string }>`select state from jobs where id = ${id}`
    assert.equal(still?.state, state)
    return state
  }
  const noProcess = () => assert.deepEqual(jobProcesses(join(root, 'jobs')), [])

  it('queued, or just being started', async () => {
    await rounds(async () => {
      const id = await ask(join(root, 'never'))
      await wait(chance() * 20)
      await engine.cancellations.cancel(id)

      assert.equal(await endOf(id), 'cancelled')
    })
    noProcess()
  })

  it('running', async () => {
    await rounds(async () => {
      const id = await ask(join(root, 'never'))
      await runs(id)
      await wait(chance() * 20)
      await engine.cancellations.cancel(id)

      assert.equal(await endOf(id), 'cancelled')
    })
    noProcess()
  })

  it('finishing: either end, and never both', async () => {
    const ends = new Set<string>()
    // How long the end takes here, for the moments to lie before and behind it.
    let whole = 200
    await rounds(async (round) => {
      const go = join(root, `go-${round}`)
      const id = await ask(go)
      await runs(id)
      const begun = performance.now()
      await writeFile(go, '')
      const head = chance()
      await wait(head * 1.5 * whole)
      await engine.cancellations.cancel(id)

      const state = await endOf(id)
      assert.match(state, /^(cancelled|succeeded)$/)
      ends.add(state)
      if (state === 'succeeded') whole = Math.min(whole, performance.now() - begun)
    })
    assert.deepEqual([...ends].sort(), ['cancelled', 'succeeded'])
    noProcess()
  })
})
