import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { testPostgres } from '../../build/testkit/postgres.ts'
import type { Database } from '../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { postgresJobs } from '../../runtime/adapters/postgres-jobs.ts'
import { postgresRecords } from '../../runtime/adapters/postgres-records.ts'
import { postgresUsage } from '../../runtime/adapters/postgres-usage.ts'
import { prepareTeam } from '../../runtime/adapters/team-database.ts'
import type { HourOfUsage, Usage, UsageKind } from '../../runtime/usage.ts'
import { uuidv7 } from '../../runtime/uuid.ts'

describe('usage on PostgreSQL', () => {
  const at = new Date('2026-01-01T10:30:00Z')
  const long = { from: new Date('2020-01-01'), to: new Date('2100-01-01'), limit: 1000 }
  let database: Database
  let usage: Usage
  before(async () => {
    const { url } = await testPostgres()
    const { engine } = await prepareTeam({ team: 'counted', adminUrl: url, password: (role) => `pw-${role}` }, [])
    database = openDatabase({ url: engine, schema: 'mezz', most: 10 })
    usage = postgresUsage(database, { team: 'counted' })
  })
  after(() => database.close())

  async function of(by: UsageKind | 'team', name: string): Promise<Partial<HourOfUsage>> {
    const rows = await usage.read({ ...long, by })
    const [row, another] = rows.filter((one) => one.name === name)
    assert.equal(another, undefined, 'all in one hour')
    return row ?? {}
  }
  const event = (source: string, id = uuidv7()) => ({
    id,
    source,
    type: 'toy.v1',
    subject: 's',
    partitionkey: 's',
    time: at.toISOString(),
    traceparent: '',
    authtype: 'user',
    authid: 'u',
    causationid: id,
    correlationid: id,
    data: '{}',
  })
  async function startJob(request: object): Promise<string> {
    const id = uuidv7()
    const causes = { traceparent: '', causationid: id, correlationid: id, authtype: 'user', authid: 'u' }
    await database.query`
      insert into jobs (id, owner, request, context) values (${id}, 'maker', ${request}::jsonb, ${causes}::jsonb)`
    return id
  }

  it('adds a report once, however often it comes, and the next one of its writer', async () => {
    const report = {
      writer: uuidv7(),
      number: 1,
      rows: [
        { at, kind: 'function', name: 'f', requests: 2, coreSeconds: 0.5, peakMemoryBytes: 10 },
        { at, kind: 'model', name: 'f', requests: 1, predictions: 1 },
      ],
    } as const

    for (let i = 0; i < 3; i++) await usage.add(report)
    assert.equal((await of('function', 'f')).requests, 2)
    await usage.add({ ...report, number: 2 })
    await usage.add(report)

    assert.deepEqual(await of('function', 'f'), {
      hour: new Date('2026-01-01T10:00:00Z'),
      name: 'f',
      coreSeconds: 1,
      peakMemoryBytes: 10,
      gpuSeconds: 0,
      requests: 4,
      predictions: 0,
      events: 0,
      storedBytes: undefined,
    })
    assert.deepEqual([(await of('model', 'f')).requests, (await of('model', 'f')).predictions], [2, 2])
  })

  it('counts an event once when the relay records it again', async () => {
    const records = postgresRecords(database)
    const some = [event('/counted/teller'), event('/counted/teller'), event('/counted/external/ada')]

    await records.events(some)
    await records.events([...some, event('/counted/teller')])
    await records.events([])

    assert.equal((await of('function', 'teller')).events, 3)
    assert.equal((await of('function', 'external')).events, 1)
  })

  it('counts the one end of a job, for its program, its function and its model', async () => {
    const store = postgresJobs(database, { team: 'counted', engine: 'e' })
    await startJob({ program: 'fit', inputs: {}, for: { pipeline: 'p', model: 'm' } })
    await startJob({ program: 'tidy', inputs: {} })
    const used = { coreSeconds: 1.5, peakMemoryBytes: 1000, gpuSeconds: 0.25 }

    for (const job of await store.claim(2)) {
      assert.equal(await store.finish(job, { state: 'failed', error: 'no', usage: used }), true)
      assert.equal(await store.finish(job, { state: 'succeeded', outputs: {}, usage: used }), false)
    }

    for (const [by, name, times] of [
      ['job', 'maker/fit/p', 1],
      ['job', 'maker/tidy', 1],
      ['model', 'm', 1],
      ['function', 'maker', 2],
    ] as const) {
      const { coreSeconds, peakMemoryBytes, gpuSeconds } = await of(by, name)
      assert.deepEqual([coreSeconds, peakMemoryBytes, gpuSeconds], [1.5 * times, 1000, 0.25 * times], name)
    }
  })

  it('is exact where reports, events and ends of jobs meet', async () => {
    const records = postgresRecords(database)
    const store = postgresJobs(database, { team: 'counted', engine: 'e' })
    for (let i = 0; i < 20; i++) await startJob({ program: 'fit', inputs: {}, for: { pipeline: 'met', model: 'met' } })
    const jobs = await store.claim(20)
    const hour = new Date()
    const rows = (['model', 'function'] as const).flatMap((kind) =>
      ['met', 'maker'].map((name) => ({ at: hour, kind, name, requests: 1 })),
    )

    await Promise.all([
      ...jobs.map((job) =>
        store.finish(job, { state: 'cancelled', usage: { coreSeconds: 1, peakMemoryBytes: 1, gpuSeconds: 0 } }),
      ),
      ...Array.from({ length: 20 }, () => usage.add({ writer: uuidv7(), number: 1, rows })),
      ...Array.from({ length: 20 }, () =>
        records.events([
          { ...event('/counted/met'), time: hour.toISOString() },
          { ...event('/counted/maker'), time: hour.toISOString() },
        ]),
      ),
    ])

    const sums = new Map<string, number>()
    for (const by of ['model', 'function', 'job'] as const) {
      for (const { name, coreSeconds, requests, events } of await usage.read({ ...long, by, from: hour })) {
        const add = (what: string, n: number) =>
          sums.set(`${by} ${name} ${what}`, (sums.get(`${by} ${name} ${what}`) ?? 0) + n)
        add('cores', coreSeconds)
        add('requests', requests)
        add('events', events)
      }
    }
    const sum = (key: string) => sums.get(key) ?? 0
    assert.deepEqual(
      [
        'job maker/fit/met cores',
        'model met cores',
        'model met requests',
        'function met requests',
        'function met events',
        'function maker events',
      ].map(sum),
      [20, 20, 20, 20, 20, 20],
    )
  })

  it('knows whose an object is: of those who keep it, of its job, of its model', async () => {
    const sha = (digit: string) => digit.repeat(64)
    const run = uuidv7()
    const job = await startJob({ program: 'fit', inputs: {}, for: { pipeline: 'p', model: 'held' } })
    await postgresRecords(database).lineage({
      nodes: [{ id: `mezz://counted/runs/held@${run}`, kind: 'runs', name: 'held', version: run, at }],
      edges: [],
      deleted: [],
    })
    await database.query`
      insert into blobs (sha256, function, owner)
      select b->>0, b->>1, b->>2 from jsonb_array_elements(${[
        [sha('a'), 'ingest', 'datasets/d/1'],
        [sha('a'), 'ingest', 'datasets/d/2'],
        [sha('a'), 'other', 'things/1'],
        [sha('b'), 'train', `runs/${run}`],
        [sha('b'), 'publish', 'models/held/1'],
      ]}::jsonb) b`

    const holders = await usage.holders([
      { name: `blobs/${sha('a')}`, bytes: 100 },
      { name: `blobs/${sha('b')}`, bytes: 10 },
      { name: `blobs/${sha('c')}`, bytes: 1000 },
      { name: `jobs/${job}/1/model.txt`, bytes: 1 },
      { name: 'jobs/none/1/model.txt', bytes: 1000 },
      { name: 'models/held/current', bytes: 1000 },
    ])

    assert.deepEqual(holders.map(({ kind, name, bytes }) => `${kind} ${name} ${bytes}`).sort(), [
      'function ingest 100',
      'function maker 1',
      'function other 100',
      'function publish 10',
      'function train 10',
      'job maker/fit/p 1',
      'model held 11',
    ])
  })

  it('keeps the last reading of an hour beside what is counted, the team as a sum with its own reading', async () => {
    const bytes = (n: number) => [
      { kind: 'team' as const, name: 'counted', bytes: n },
      { kind: 'function' as const, name: 'f', bytes: 1 },
    ]
    await usage.stored(at, bytes(5))
    await usage.stored(new Date(at.getTime() + 60_000), bytes(7))

    const [team] = await usage.read({ ...long, by: 'team', from: at, to: new Date(at.getTime() + 1) })
    assert.deepEqual([team?.name, team?.storedBytes, team?.requests], ['counted', 7, 4])
    assert.deepEqual([(await of('function', 'f')).storedBytes, (await of('function', 'f')).requests], [1, 4])
  })
})
