import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Database } from '../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'

/** What `mezz dev` gives the process of a function, read where no function can hide it. */
async function environmentOf(dev: Dev, path: string): Promise<Record<string, string>> {
  const answer = await fetch(`${dev.url}/default/${path}`)
  const pid = /-(\d+)$/.exec(answer.headers.get('x-mezz-process') ?? '')?.[1]
  const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}

const REFUSED = { code: '42501' }
const NOTES = { name: 'notes', emits: [], folder: null }

describe('the role of a function', () => {
  let root = ''
  let dev: Dev
  let train: Database
  let url = ''
  let environment: Record<string, string> = {}
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mezz-roles-'))
    dev = await startDev({ data: join(root, 'data'), folder: root })
    environment = await environmentOf(dev, 'train/pipelines')
    url = environment['DATABASE_URL'] ?? ''
    train = openDatabase({ url, most: 2, schema: 'train' })
  })
  after(async () => {
    await train.close()
    await dev.stop()
    await rm(root, { recursive: true, force: true })
  })

  it('is all that its process is given: no other secret of the platform is in its environment', async () => {
    const secrets = Object.values(JSON.parse(await readFile(join(root, 'data/secrets.json'), 'utf8')) as object)
    const key = JSON.parse(await readFile(join(root, 'data/engine-key.json'), 'utf8')) as { d: string }
    const all = Object.values(environment).join('\n')

    const given = secrets
      .flat()
      .filter((secret) => typeof secret === 'string' && secret.length > 8 && all.includes(secret))
    assert.equal(given.length, 1)
    assert.equal(new URL(url).username, 'mezz_default_train')
    assert.ok(!all.includes(key.d))
  })

  it('needs its password, also on this machine', async () => {
    for (const password of ['', 'wrong']) {
      const other = new URL(url)
      other.password = password
      const database = openDatabase({ url: other.href, most: 1 })
      await assert.rejects(database.query`select 1`, (error: Error) =>
        /password|SASL/.test(String(error.cause ?? error)),
      )
      await database.close()
    }
    const hba = await readFile(join(root, 'data/postgres/pg_hba.conf'), 'utf8')
    const rules = hba.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
    assert.ok(rules.length > 0)
    assert.deepEqual(
      rules.filter((line) => !line.trimEnd().endsWith('scram-sha-256')),
      [],
    )
  })

  const statements: readonly [string, (database: Database) => Promise<unknown>][] = [
    ['another function’s tables', ({ query }) => query`select * from ingest.versions`],
    [
      'writing into another function’s inbox',
      ({ query }) => query`insert into ingest.inbox (path, source, id) values ('a', 'b', 'c')`,
    ],
    ['reading the outbox', ({ query }) => query`select * from mezz.outbox`],
    ['deleting from the outbox', ({ query }) => query`delete from mezz.outbox`],
    [
      'an event of its own making',
      ({
        query,
      }) => query`insert into mezz.outbox (id, source, type, topic, key, subject, traceparent, authtype, authid, causationid, correlationid, data)
      values (gen_random_uuid(), '/default/ingest', 'x', 't', 'k', 's', '', '', '', '', '', '{}')`,
    ],
    [
      'an event that it does not declare',
      ({ query }) => query`select mezz.emit(${[event('mezz.dataset.ingested.v1')]}::jsonb)`,
    ],
    ['jobs', ({ query }) => query`select * from mezz.jobs`],
    ['ending a job', ({ query }) => query`update mezz.jobs set state = 'succeeded'`],
    ['who may emit what', ({ query }) => query`update mezz.functions set emits = array['x']`],
    ['positions', ({ query }) => query`update mezz.positions set position = 0`],
    ['the log', ({ query }) => query`select * from mezz.log`],
    ['becoming the engine', ({ query }) => query`set role mezz_default_engine`],
    ['becoming another session', ({ query }) => query`set session authorization mezz_default_ingest`],
    ['another role’s password', ({ query }) => query`alter role mezz_default_ingest password 'x'`],
    ['tables of everybody', ({ query }) => query`create table public.mine (a int)`],
    ['tables in the platform’s schema', ({ query }) => query`create table mezz.mine (a int)`],
    ['a program of the machine', ({ query }) => query`copy (select 1) to program 'true'`],
    ['files of the machine', ({ query }) => query`select pg_read_file('/etc/passwd')`],
  ]
  for (const [what, ask] of statements) {
    it(`is refused ${what}`, async () => {
      await assert.rejects(ask(train), REFUSED)
    })
  }

  it('tells facts in its own name alone, whatever it writes into them', async () => {
    const server = await crashingPostgres()
    const urls = await server.team([{ ...NOTES, emits: ['note.v1'] }], 'teller')
    const [own, engine] = [openDatabase({ url: urls.of('notes') }), openDatabase({ url: urls.engine })]

    await own.query`select mezz.emit(${[{ ...event('note.v1'), source: '/teller/ingest' }]}::jsonb)`

    assert.deepEqual(await engine.query`select source, type from mezz.outbox`, [
      { source: '/teller/notes', type: 'note.v1' },
    ])
    await Promise.all([own.close(), engine.close()])
    await server.close()
  })

  it('asks for workloads in its own name alone: another’s it can neither change nor end', async () => {
    const server = await crashingPostgres()
    const urls = await server.team([NOTES, { ...NOTES, name: 'others' }], 'server')
    const [own, other] = [openDatabase({ url: urls.of('notes') }), openDatabase({ url: urls.of('others') })]
    const engine = openDatabase({ url: urls.engine })
    await own.query`select mezz.serve('infer-a', ${{ model: 'a' }}::jsonb)`

    for (const workload of [{ model: 'b' }, null])
      await assert.rejects(other.query`select mezz.serve('infer-a', ${workload}::jsonb)`, REFUSED)

    assert.deepEqual(await engine.query`select name, workload from mezz.workloads`, [
      { name: 'infer-a', workload: { model: 'a' } },
    ])
    await own.query`select mezz.serve('infer-a', null)`
    assert.deepEqual(await engine.query`select name from mezz.workloads`, [])
    await Promise.all([own.close(), other.close(), engine.close()])
    await server.close()
  })

  it('cannot slip a table of its own schema under the platform’s functions', async () => {
    const server = await crashingPostgres()
    const urls = await server.team([NOTES], 'trick')
    const admin = new URL(server.url)
    admin.pathname = new URL(urls.of('notes')).pathname
    const owner = openDatabase({ url: admin.href })
    // What a schema file of the function could make: the names that the platform's functions use.
    await owner.script(`
      create table notes.functions as select 'mezz_trick_notes'::name as role, 'ingest' as name, array['note.v1'] as emits;
      create table notes.settings as select 'other' as team;
      create function notes.hashtext(text) returns integer language sql as 'select 1';
      grant select on all tables in schema notes to mezz_trick_notes`)
    const own = openDatabase({ url: urls.of('notes'), schema: 'notes' })
    assert.equal((await own.query`select name from functions`).length, 1)

    await assert.rejects(own.query`select mezz.emit(${[event('note.v1')]}::jsonb)`, REFUSED)

    await Promise.all([own.close(), owner.close()])
    await server.close()
  })

  for (const name of ['postgres', 'template1']) {
    it(`does not reach the server’s own database ${name}`, async () => {
      const other = new URL(url)
      other.pathname = `/${name}`
      const database = openDatabase({ url: other.href, most: 1 })
      await assert.rejects(database.query`select 1`, REFUSED)
      await database.close()
    })
  }

  it('does not reach the database of another team on the same server', async () => {
    const server = await crashingPostgres()
    const [first, second] = [await server.team([NOTES], 'first'), await server.team([NOTES], 'second')]
    const stranger = new URL(first.of('notes'))
    stranger.pathname = new URL(second.of('notes')).pathname
    const database = openDatabase({ url: stranger.href, most: 1 })

    await assert.rejects(database.query`select 1`, REFUSED)

    await database.close()
    await server.close()
  })
})

function event(type: string) {
  return {
    id: '0198c0de-0000-7000-8000-00000000000a',
    type,
    topic: 'training',
    key: 'k',
    subject: 's',
    traceparent: '',
    authtype: 'user',
    authid: 'x',
    causationid: 'c',
    correlationid: 'c',
    data: '{"run":"r","model":"m","pipeline":"p","view":"v","extraction":"e"}',
  }
}
