import assert from 'node:assert/strict'
import { mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import { functionSql } from '../../runtime/adapters/function-sql.ts'
import type { Database } from '../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { postgresExpiry } from '../../runtime/adapters/postgres-expiry.ts'
import { postgresLedger } from '../../runtime/adapters/postgres-ledger.ts'
import { postgresTopics } from '../../runtime/adapters/postgres-topics.ts'
import type { ObjectRef, Objects, Sql } from '../../runtime/ports.ts'
import { retentionOf } from '../../runtime/retention.ts'
import { uuidv7 } from '../../runtime/uuid.ts'
import { clearUp } from '../../triggers/engine/housekeeping.ts'
import { sweepBlobs } from '../../triggers/engine/sweep-blobs.ts'
import type { NamedTrigger } from '../../triggers/engine/trigger.ts'
import type { CrashingPostgres } from './fixture/crashing-postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'
import { toyHappened } from './fixture/toy-engine.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const REFUSED = { code: '42501' }
const bytes = (text: string) => new TextEncoder().encode(text)
const signal = AbortSignal.timeout(10 * MINUTE)

describe('retention', () => {
  let postgres: CrashingPostgres
  let folder = ''
  let engine: Database
  let notes: Database
  let others: Database
  let sql: Sql
  let objects: Objects
  let told: string[] = []
  before(async () => {
    postgres = await crashingPostgres()
  })
  after(() => postgres.close())
  beforeEach(async (t) => {
    const urls = await postgres.team(['notes', 'others'].map((name) => ({ name, emits: [], folder: null })))
    engine = openDatabase({ url: urls.engine, schema: 'mezz' })
    notes = openDatabase({ url: urls.of('notes'), schema: 'notes' })
    others = openDatabase({ url: urls.of('others'), schema: 'others' })
    sql = functionSql(notes).sql
    folder = await mkdtemp(join(tmpdir(), 'mezz-retention-'))
    objects = folderObjects(folder)
    told = []
    if (!('after' in t)) throw new Error('beforeEach of a suite')
    t.after(async () => {
      await Promise.all([engine, notes, others].map((one) => one.close()))
      await rm(folder, { recursive: true })
    })
  })

  /** What goes when the clock stands so much later than now. */
  const goneIn = (later: number, triggers: readonly NamedTrigger[] = []) =>
    clearUp(
      {
        topics: postgresTopics(engine, { member: 'house' }),
        expiry: postgresExpiry(engine),
        objects,
        retention: retentionOf({}),
        log: (_, message) => told.push(message),
        clock: () => Date.now() + later,
        triggers: () => triggers,
      },
      signal,
    )
  const keep = (owner: string, ...refs: ObjectRef[]) => sql.transaction((tx) => tx.keep(owner, refs))
  const release = (owner: string) => sql.transaction((tx) => tx.release(owner))
  const isThere = async ({ name }: ObjectRef) => (await objects.read(name)) !== null

  const kinds: readonly [kind: string, days: number, make: () => Promise<unknown>][] = [
    ['blobs', 1, () => objects.put(bytes('nobody keeps me'))],
    [
      'idempotency keys',
      1,
      () => notes.query`insert into idempotency (caller, route, key) values ('ada', 'POST /', 'k')`,
    ],
    ['records of the log', 7, () => append('lonely', 1)],
    ['dead letters', 30, () => deadLetter(null)],
    ['jobs', 37, () => endedJob({})],
    ['inbox rows', 37, () => notes.query`insert into inbox (path, source, id) values ('/', '/default/a', 'e')`],
    ['flow runs', 90, () => flowEvent('run', 0)],
    ['cancelled flow runs', 90, () => engine.query`insert into cancelled_flows (correlationid) values ('run')`],
  ]
  for (const [kind, days, make] of kinds) {
    it(`lets ${kind} go after ${days} days, and not before`, async () => {
      await make()

      assert.equal((await goneIn(days * DAY - MINUTE))[kind], 0)
      assert.deepEqual(told, [])
      assert.equal((await goneIn(days * DAY + MINUTE))[kind], 1)
      assert.deepEqual(told, [`their time is over, and they are gone: ${kind}: 1`])
      assert.equal((await goneIn(days * DAY + MINUTE))[kind], 0)
    })
  }

  it('drops more than one batch holds', async () => {
    await append('lonely', 2500)
    await notes.query`
      insert into inbox (path, source, id) select '/', '/default/a', n::text from generate_series(1, 2500) n`
    await engine.query`
      insert into flow_events (id, source, type, subject, correlationid, causationid, authid, at)
      select n::text, '/default/a', 't', 's', n::text, 'c', 'a', clock_timestamp() from generate_series(1, 250) n`

    const gone = await goneIn(100 * DAY)

    assert.deepEqual([gone['records of the log'], gone['inbox rows'], gone['flow runs']], [2500, 2500, 250])
  })

  it('never drops what a trigger that exists has still before it, paused or not, and holds all for one that has not begun', async () => {
    const topics = await append(toyHappened.topic, 5)
    const bounds = await topics.bounds(toyHappened.topic, 0)
    const ledger = postgresLedger(engine)
    const at = async (trigger: string, position: number) => {
      const name = { trigger, topic: toyHappened.topic, partition: 0 }
      const { epoch } = await ledger.claim(name, { bounds, startFrom: 'earliest' })
      const nothing = { park: [], update: [], unpark: [], dead: [] }
      await ledger.write(name, epoch, { number: 1, position, ranges: [], ...nothing })
    }
    await at('slow', 2)
    await at('quick', 5)
    await engine.query`insert into triggers (name, state) values ('slow', 'paused')`
    const [slow, quick, fresh] = ['slow', 'quick', 'fresh'].map((name) => ({
      name,
      definition: { on: toyHappened, deliver: { to: 'toy', path: '/' } },
    }))
    assert.ok(slow && quick && fresh)

    assert.equal((await goneIn(8 * DAY, [slow, quick, fresh]))['records of the log'], 0)
    assert.equal((await goneIn(8 * DAY, [slow, quick]))['records of the log'], 2)
    assert.deepEqual(await topics.bounds(toyHappened.topic, 0), { ...bounds, low: 2 })
    assert.equal((await goneIn(8 * DAY, [quick]))['records of the log'], 3)
  })

  it('forgets where a trigger stood only when it is gone for the time of the log', async () => {
    const toy = { name: 'toy', definition: { on: toyHappened, deliver: { to: 'toy', path: '/' } } }
    await engine.query`insert into schedules (trigger, last) values ('toy', now())`
    await engine.query`insert into triggers (name, state) values ('toy', 'paused')`
    const gone = async (days: number, triggers: readonly NamedTrigger[]) =>
      (await goneIn(days * DAY, triggers))['triggers that are gone']

    assert.equal(await gone(0, []), 0)
    assert.equal(await gone(6, [toy]), 0)
    assert.equal(await gone(8, []), 0)
    assert.equal(await gone(14.9, []), 0)
    assert.equal((await engine.query`select from triggers`).length, 1)
    assert.equal(await gone(15.1, []), 1)
    assert.equal((await engine.query`select trigger from schedules union select name from triggers`).length, 0)
  })

  it('leaves a dead letter that is to be delivered again', async () => {
    await deadLetter(new Date(Date.now() + 99 * DAY))

    assert.equal((await goneIn(99 * DAY))['dead letters'], 0)
  })

  it('leaves a flow run whole as long as anything of it is young', async () => {
    await flowEvent('run', -60)
    await flowEvent('run', 0)

    assert.equal((await goneIn(80 * DAY))['flow runs'], 0)
    assert.equal((await engine.query`select from flow_events`).length, 2)
    assert.equal((await goneIn(91 * DAY))['flow runs'], 1)
    assert.equal((await engine.query`select from flow_events`).length, 0)
  })

  it('lets a job that runs be', async () => {
    await engine.query`
      insert into jobs (id, owner, request, context, state) values (${uuidv7()}, 'notes', '{}', '{}', 'running')`

    assert.equal((await goneIn(1000 * DAY))['jobs'], 0)
  })

  it('removes a job’s outputs with it, but for one that is kept, which goes when it is released', async () => {
    const job = uuidv7()
    const [kept, lost] = [
      await objects.write(`jobs/${job}/2/model.txt`, bytes('model')),
      await objects.write(`jobs/${job}/2/log.txt`, bytes('log')),
    ]
    const failed = await objects.write(`jobs/${job}/1/model.txt`, bytes('of an attempt that failed'))
    await endedJob({ 'model.txt': kept, 'log.txt': lost }, job)
    await keep('runs/1', kept)

    assert.equal((await goneIn(38 * DAY))['jobs'], 0)
    assert.deepEqual([await isThere(kept), await isThere(lost), await isThere(failed)], [true, false, false])
    assert.deepEqual(await engine.query`select outputs from jobs`, [{ outputs: { 'model.txt': kept } }])
    assert.equal((await engine.query`select from job_lines`).length, 0)
    assert.equal((await goneIn(400 * DAY))['jobs'], 0)

    await release('runs/1')
    assert.equal((await goneIn(38 * DAY))['jobs'], 1)
    assert.equal(await isThere(kept), false)
  })

  it('sweeps a blob that two keep after the second has released it', async () => {
    const blob = await objects.put(bytes('shared'))
    const theirs = functionSql(others).sql
    await keep('a', blob)
    await theirs.transaction((tx) => tx.keep('a', [blob]))
    await keep('b', blob)

    await release('a')
    await release('b')
    assert.equal((await goneIn(2 * DAY))['blobs'], 0)
    await theirs.transaction((tx) => tx.release('a'))
    assert.equal((await goneIn(DAY - MINUTE))['blobs'], 0)
    assert.equal((await goneIn(2 * DAY))['blobs'], 1)
    assert.equal(await isThere(blob), false)
  })

  it('leaves a blob that is kept in a transaction that has not committed yet', async () => {
    const blob = await objects.put(bytes('about to be kept'))

    const swept = await sql.transaction(async (tx) => {
      await tx.keep('a', [blob])
      return (await goneIn(2 * DAY))['blobs']
    })

    assert.equal(swept, 0)
    assert.equal((await goneIn(2 * DAY))['blobs'], 0)
    assert.equal(await isThere(blob), true)
  })

  it('loses no blob that is put and kept while it sweeps, in 200 rounds', async () => {
    const expiry = postgresExpiry(engine)
    const old = new Date(Date.now() - 2 * DAY)
    let swept = 0
    for (let round = 0; round < 200; round++) {
      const all = await Promise.all([0, 1, 2, 3].map((n) => objects.put(bytes(`blob ${n}`))))
      for (const { sha256 } of all) await utimes(join(folder, 'blobs', sha256.slice(0, 2), sha256), old, old)

      const [gone] = await Promise.all([
        sweepBlobs({ objects, expiry }, new Date(Date.now() - DAY), signal),
        ...all.slice(0, 3).map(async (ref, n) => {
          await objects.put(bytes(`blob ${n}`))
          await keep(`round ${n}`, ref)
        }),
      ])
      swept += gone

      assert.deepEqual(await Promise.all(all.map(isThere)), [true, true, true, false], `round ${round}`)
      await Promise.all([0, 1, 2].map((n) => release(`round ${n}`)))
    }
    assert.ok(swept >= 200)
  })

  it('gives nobody a way to drop what is not over: neither the role of a function nor the engine', async () => {
    await others.query`insert into inbox (path, source, id) values ('/', 's', 'i')`
    const past = new Date()

    await assert.rejects(notes.query`select mezz.expire('others', 'inbox', ${past}, 10)`, REFUSED)
    await assert.rejects(notes.query`delete from mezz.blobs`, REFUSED)
    await assert.rejects(notes.query`delete from mezz.gone_triggers`, REFUSED)
    await assert.rejects(engine.query`select mezz.expire('mezz', 'outbox', ${past}, 10)`, REFUSED)
    await assert.rejects(engine.query`select mezz.expire('others', 'things', ${past}, 10)`, REFUSED)
    await assert.rejects(engine.query`select * from others.inbox`, REFUSED)
    await assert.rejects(engine.query`delete from others.inbox`, REFUSED)
    await assert.rejects(engine.query`select mezz.release('a')`, REFUSED)
  })

  async function append(topic: string, count: number) {
    const topics = postgresTopics(engine, { member: 'test' })
    await topics.ensure([{ name: topic, partitions: 1 }])
    await topics.append(
      topic,
      Array.from({ length: count }, (_, n) => ({ key: 'k', headers: {}, value: String(n) })),
    )
    return topics
  }
  function deadLetter(redriveAt: Date | null) {
    return engine.query`
      insert into dead_letters
        (id, trigger, topic, partition, identity, "offset", record, attempts, error, fingerprint, redrive_at)
      values (${uuidv7()}, 'toy', 'toys', 0, 'i', 0, '{}', 1, '{}', 'f', ${redriveAt})`
  }
  function flowEvent(run: string, days: number) {
    return engine.query`
      insert into flow_events (id, source, type, subject, correlationid, causationid, authid, at)
      values (${uuidv7()}, '/default/a', 't', 's', ${run}, 'c', 'a', ${new Date(Date.now() + days * DAY)})`
  }
  async function endedJob(outputs: Record<string, ObjectRef>, id = uuidv7()) {
    await engine.query`
      insert into jobs (id, owner, request, context, state, outputs, ended_at)
      values (${id}, 'notes', '{}', '{}', 'succeeded', ${outputs}::jsonb, clock_timestamp())`
    await engine.query`insert into job_lines (job, n, line) values (${id}, 1, 'hello')`
  }
})
