import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Hono } from 'hono'
import * as z from 'zod'
import { testPostgres } from '../../build/testkit/postgres.ts'
import { functionSql } from '../../runtime/adapters/function-sql.ts'
import type { Database } from '../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { postgresRecords } from '../../runtime/adapters/postgres-records.ts'
import { prepareTeam } from '../../runtime/adapters/team-database.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { Sql } from '../../runtime/ports.ts'
import { uuidv7 } from '../../runtime/uuid.ts'
import { lineageOf } from '../../triggers/engine/lineage.ts'
import { lineageRoutes } from '../../triggers/engine/routes-lineage.ts'
import { chain, ingested } from '../triggers/engine/told.ts'

const Answer = z.object({
  nodes: z.array(z.looseObject({ id: z.string(), kind: z.string(), deletedAt: z.string().optional() })),
  edges: z.array(z.object({ from: z.string(), to: z.string(), by: z.string() })),
  isWhole: z.boolean().default(true),
})

describe('the lineage on PostgreSQL', () => {
  const second = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString()
  let database: Database
  let own: Database
  let sql: Sql<string>
  let app: Hono

  before(async () => {
    const { url } = await testPostgres()
    const urls = await prepareTeam({ team: 'acme', adminUrl: url, password: (role) => `pw-${role}` }, [
      { name: 'keeper', emits: [], folder: null },
    ])
    database = openDatabase({ url: urls.engine, schema: 'mezz' })
    own = openDatabase({ url: urls.of('keeper') })
    ;({ sql } = functionSql(own))
    app = lineageRoutes({ team: 'acme', records: postgresRecords(database) })
    app.onError((error, c) => c.text(error.message, error instanceof PlatformError ? 404 : 500))
    for (const [at, [type, data]] of chain.entries()) await tell(type, data, at)
  })
  after(() => Promise.all([database.close(), own.close()]))

  const tell = (type: string, data: object, at: number) =>
    postgresRecords(database).lineage(lineageOf('acme', { type, data: JSON.stringify(data), time: second(at) }))
  async function ask(of: string, more = '') {
    const response = await app.request(`/lineage?of=${encodeURIComponent(of)}${more}`)
    assert.equal(response.status, 200, await response.clone().text())
    return Answer.parse(await response.json())
  }
  const short = (id: string) => id.replace('mezz://acme/', '')
  const all = [
    ingested.digest,
    'datasets/d@1',
    'extractions/v@x1',
    'views/v',
    'code/gbdt@sha256:c0de',
    'environments/sha256:e',
    'pipelines/p',
    'runs/m@r1',
    'conversions/m@r1',
    'models/m@1',
  ]

  it('leads from a prediction, which has no row, to the bytes and the code', async () => {
    const id = `m@1/${uuidv7()}`

    const { nodes, edges } = await ask(id)

    assert.deepEqual(
      nodes.map((node) => short(node.id)),
      [...all, id],
    )
    const next = (to: string) => edges.filter((edge) => short(edge.to) === to).map(({ from }) => short(from))
    assert.deepEqual(next(id), ['models/m@1'])
    assert.deepEqual(next('models/m@1').sort(), ['conversions/m@r1', 'runs/m@r1'])
    assert.deepEqual(next('extractions/v@x1').sort(), ['datasets/d@1', 'views/v'])
    assert.deepEqual(next('datasets/d@1'), [ingested.digest])
  })

  it('leads forward from the bytes to all that was made of them', async () => {
    const { nodes } = await ask(ingested.digest, '&direction=forward')

    assert.deepEqual(
      nodes.map((node) => short(node.id)),
      [ingested.digest, 'datasets/d@1', 'extractions/v@x1', 'runs/m@r1', 'conversions/m@r1', 'models/m@1'],
    )
  })

  it('takes a short name, a version, a whole name and a digest', async () => {
    for (const name of ['datasets/d', 'datasets/d@1', 'mezz://acme/datasets/d@1'])
      assert.equal((await ask(name)).nodes.at(-1)?.id, 'mezz://acme/datasets/d@1', name)
    assert.deepEqual((await ask(ingested.digest)).edges, [])
    assert.deepEqual((await ask(`m@1/${uuidv7()}`, '&direction=forward')).nodes.length, 1)
  })

  it('gives the nearest things alone where more were asked for, and says so', async () => {
    const { nodes, isWhole } = await ask('models/m', '&limit=3')

    assert.deepEqual(nodes.map(({ kind }) => kind).sort(), ['conversions', 'models', 'runs'])
    assert.equal(isWhole, false)
  })

  it('says what may have been meant when it knows nothing of a name', async () => {
    for (const [of, hint] of [
      ['datasets/e', 'nothing is known of datasets/e; did you mean datasets/d?'],
      ['dataset/d', /did you mean datasets\/d/],
      ['d', /did you mean .*datasets\/d/],
      ['models/m@7', 'nothing is known of models/m@7; the newest is models/m@1'],
      [`m@2/${uuidv7()}`, /the newest is models\/m@1/],
      ['mezz://other/models/m', 'no team other'],
      [`sha256:${'9'.repeat(64)}`, /^nothing is known of sha256:9+$/],
      ['%', 'nothing is known of %'],
    ] as const) {
      const response = await app.request(`/lineage?of=${encodeURIComponent(of)}`)
      const said = await response.text()
      assert.equal(response.status, 404, said)
      if (typeof hint === 'string') assert.equal(said, hint)
      else assert.match(said, hint)
    }
  })

  it('tells a function of this team what hangs on a thing, the thing itself left out', async () => {
    const made = (await sql.madeFrom('datasets/d')).map(({ id }) => short(id))

    assert.deepEqual(made, ['extractions/v@x1', 'runs/m@r1', 'conversions/m@r1', 'models/m@1'])
    assert.deepEqual(await sql.madeFrom('datasets/d@1'), await sql.madeFrom('mezz://acme/datasets/d'))
    assert.deepEqual(await sql.madeFrom('datasets/d@2'), [])
    assert.deepEqual(
      (await sql.madeFrom('pipelines/p')).map(({ kind, name, version, at }) => [kind, name, version, at]),
      [
        ['runs', 'm', 'r1', new Date(second(2))],
        ['conversions', 'm', 'r1', new Date(second(3))],
        ['models', 'm', '1', new Date(second(4))],
      ],
    )
    await assert.rejects(sql.madeFrom('d'), /names nothing/)
  })

  it('gives no function the tables that it reads for it', async () => {
    await assert.rejects(own.query`select * from mezz.lineage_nodes`, { code: '42501' })
    await assert.rejects(own.query`select mezz.add_usage('[]'::jsonb)`, { code: '42501' })
  })

  it('keeps what is deleted, marked, and lets nothing hang on it any more', async () => {
    await tell('mezz.model.deleted.v1', { model: 'm' }, 10)
    await tell('mezz.dataset.deleted.v1', { dataset: 'd', version: 1 }, 11)

    const { nodes } = await ask(`m@1/${uuidv7()}`)
    const gone = nodes.filter(({ deletedAt }) => deletedAt).map((node) => [short(node.id), node.deletedAt])
    assert.deepEqual(gone, [
      ['datasets/d@1', second(11)],
      ['conversions/m@r1', second(10)],
      ['models/m@1', second(10)],
    ])
    assert.deepEqual(
      (await sql.madeFrom('views/v')).map(({ kind }) => kind),
      ['extractions', 'runs'],
    )

    await tell('mezz.dataset.ingested.v1', ingested, 0)
    assert.ok((await ask('datasets/d')).nodes.at(-1)?.deletedAt, 'an event that comes again makes nothing live')
    await tell('mezz.dataset.ingested.v1', ingested, 12)
    assert.equal((await ask('datasets/d')).nodes.at(-1)?.deletedAt, undefined)
  })

  it('ends in a circle, which would be a bug', async () => {
    const edge = { by: 'bug' }
    await postgresRecords(database).lineage({
      nodes: [],
      edges: [{ from: 'mezz://acme/models/m@1', to: ingested.digest, ...edge }],
      deleted: [],
    })

    assert.equal((await ask('models/m')).nodes.length, all.length)
    assert.equal((await sql.madeFrom('datasets/d')).length, 3)
  })
})
