import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import train from '../../../functions/train/function.ts'
import { unavailable } from '../../../runtime/errors.ts'
import { featuresExtracted } from '../../../triggers/events.ts'
import { asEvent, order, ROWS, runsOf } from './bench.ts'
import { extractionOf } from './extraction.ts'

/** What of the systems is away. */
type Away =
  | 'nothing'
  | 'reading objects'
  | 'writing objects'
  | 'the database'
  | 'the database from the second transaction on'

let away: Away = 'nothing'
let transactions = 0

function refuse(): void {
  throw unavailable(away, new Error('it is away'))
}

/** train, over systems that go away as `away` says. */
const shaky: typeof train = {
  ...train,
  app: ({ objects, sql, tables }) =>
    train.app({
      tables: {
        async open(inputs, work) {
          if (away === 'writing objects') refuse()
          return tables.open(inputs, work)
        },
      },
      objects: {
        ...objects,
        async read(name, range) {
          if (away === 'reading objects') refuse()
          return objects.read(name, range)
        },
        async put(body) {
          if (away === 'writing objects') refuse()
          return objects.put(body)
        },
      },
      sql: {
        ...sql,
        async transaction(work) {
          transactions++
          if (away === 'the database' || (away !== 'nothing' && away.endsWith('on') && transactions > 1)) refuse()
          return sql.transaction(work)
        },
      },
    }),
}

describe('train while a system is away', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(shaky)
  })
  after(() => bench.close())

  const during = async (what: Away, work: () => Response | Promise<Response>): Promise<Response> => {
    away = what
    transactions = 0
    try {
      return await work()
    } finally {
      away = 'nothing'
    }
  }

  for (const [what, pipelineIsKept] of [
    ['reading objects', true],
    ['writing objects', true],
    ['the database', false],
    ['the database from the second transaction on', true],
  ] as const) {
    it(`answers 503 to PUT without ${what}, starts nothing, and one run when it is put again`, async () => {
      const name = what.replaceAll(' ', '-').slice(0, 60)
      await bench.deliver(featuresExtracted, await extractionOf(bench.objects, name, ROWS))
      const before = [await bench.jobs(), await bench.emitted()]

      const answer = await during(what, () => bench.send('PUT', `/pipelines/${name}`, order(name)))

      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1'])
      assert.deepEqual([await bench.jobs(), await bench.emitted(), await runsOf(bench, name)], [...before, []])
      assert.equal((await bench.request(`/pipelines/${name}`)).status, pipelineIsKept ? 200 : 404)
      const again = await bench.send('PUT', `/pipelines/${name}`, order(name))
      assert.equal(again.status, pipelineIsKept ? 200 : 201)
      assert.equal((await runsOf(bench, name)).length, 1)
    })
  }

  it('asks for the event again without objects, and has one run of it then', async () => {
    await bench.send('PUT', '/pipelines/event', order('event'))
    const extraction = await extractionOf(bench.objects, 'event', ROWS)
    const headers = asEvent(featuresExtracted.type)
    const bring = () =>
      bench.app.request('/events/features-extracted', { method: 'POST', body: JSON.stringify(extraction), headers })

    assert.equal((await during('reading objects', bring)).status, 503)
    assert.deepEqual(await runsOf(bench, 'event'), [])
    assert.equal((await bring()).status, 204)
    assert.equal((await bring()).status, 204)

    assert.equal((await runsOf(bench, 'event')).length, 1)
  })
})
