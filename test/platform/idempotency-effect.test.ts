import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import things, { meet } from './toy-things/function.ts'

describe('an effect under an Idempotency-Key', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(things, { folder: new URL('./toy-things', import.meta.url).pathname })
  })
  after(() => bench.close())

  const create = (name: string, key: string): Promise<Response> =>
    bench.request('/things', {
      method: 'POST',
      body: JSON.stringify({ name }),
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    })
  const count = async (name: string): Promise<number> =>
    (await bench.query`select 1 from things where name = ${name}`).length
  /** What a key in flight loses with its process. */
  const loseLocks = (): Promise<object[]> =>
    bench.query`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'`

  it('is not made again where the answer was lost behind the commit', async () => {
    assert.equal((await create('torn', 'key-1')).status, 500)

    const second = await create('torn', 'key-1')

    assert.equal(second.status, 409)
    assert.partialDeepStrictEqual(await second.json(), { code: 'outcome_unknown' })
    assert.equal(second.headers.get('retry-after'), null)
    assert.equal(await count('torn'), 1)
  })

  it('is told from that of another request, also without its answer', async () => {
    await create('torn', 'key-2')

    const other = await create('other', 'key-2')

    assert.equal(other.status, 422)
    assert.equal(await count('other'), 0)
  })

  it('is not made again where the process is gone behind the commit; its answer, if it comes after all, is kept', async () => {
    const gate = meet()
    const first = create('lost', 'key-3')
    await gate.reached
    await loseLocks()

    const second = await create('lost', 'key-3')
    gate.open()
    const made = await (await first).json()
    const third = await create('lost', 'key-3')

    assert.partialDeepStrictEqual(await second.json(), { status: 409, code: 'outcome_unknown' })
    assert.equal(third.headers.get('idempotency-replayed'), 'true')
    assert.deepEqual(await third.json(), made)
    assert.equal(await count('lost'), 1)
  })

  it('is made once by two requests that do not see each other in flight', async () => {
    const gates = [meet()]
    const first = create('slow', 'key-4')
    await gates[0]?.reached
    await loseLocks()
    gates.push(meet())
    const second = create('slow', 'key-4')
    await gates[1]?.reached

    for (const gate of gates) gate.open()
    const answers = await Promise.all([first, second])

    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409])
    const refused = answers.find(({ status }) => status === 409)
    assert.partialDeepStrictEqual(await refused?.json(), { code: 'in_progress' })
    assert.equal(await count('slow'), 1)
  })
})
