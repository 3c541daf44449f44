import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import notes, { noteTaken } from './toy/function.ts'

const folder = new URL('./toy', import.meta.url).pathname

describe('a function with sql', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(notes, { twice: true, folder })
  })
  after(() => bench.close())

  it('stores its rows and its event together', async () => {
    const answer = await bench.send('POST', '/', { id: 'a', text: 'hello' })

    assert.equal(answer.status, 201)
    assert.deepEqual(await bench.query`select * from notes`, [{ id: 'a', text: 'hello' }])
    const [event] = await bench.emitted()
    assert.equal(event?.type, 'note.taken.v1')
    assert.match(event?.source ?? '', /^\/test-\d+-\d+\/notes$/)
    assert.deepEqual(event?.data, { id: 'a', text: 'hello' })
  })

  it('emits nothing when its rows are refused', async () => {
    const before = await bench.emitted()

    const answer = await bench.send('POST', '/', { id: 'a', text: 'again' })

    assert.equal(answer.status, 500)
    assert.deepEqual(await bench.emitted(), before)
  })

  it('has one effect for an event that is cut, comes, and comes again', async () => {
    const answer = await bench.deliver(noteTaken, { id: 'b', text: 'x' })

    assert.equal(answer.status, 204)
    assert.deepEqual(await bench.query`select id from notes where text = 'x'`, [{ id: 'b-copy' }])
    assert.deepEqual((await bench.emitted()).at(-1)?.data, { id: 'b-copy', text: 'x' })
  })

  it('refuses an event that the engine did not bring', async () => {
    const answer = await bench.send('POST', '/events/note-taken', { id: 'c', text: 'x' })

    assert.equal(answer.status, 401)
  })

  it('answers 400 with a pointer to each fault', async () => {
    const answer = await bench.send('POST', '/', { id: '', more: 1 })

    assert.equal(answer.status, 400)
    const { errors } = (await answer.json()) as { errors: { pointer: string }[] }
    assert.deepEqual(errors.map(({ pointer }) => pointer).sort(), ['/id', '/text'])
  })

  it('carries the causes of the event that led here', async () => {
    await bench.deliver(
      noteTaken,
      { id: 'd', text: 'y' },
      { correlationid: 'first', id: '0198c0de-0000-7000-8000-000000000001' },
    )

    assert.equal((await bench.emitted()).at(-1)?.correlationid, 'first')
  })

  it('is refused by PostgreSQL on the outbox, on another schema and on an event it does not declare', async () => {
    const refused = { code: '42501' }
    await assert.rejects(bench.query`insert into mezz.outbox (source) values ('/test/other')`, refused)
    await assert.rejects(bench.query`delete from mezz.outbox`, refused)
    await assert.rejects(bench.query`select * from mezz.functions`, refused)
    await assert.rejects(bench.query`delete from mezz.workloads`, refused)
    await assert.rejects(bench.query`select mezz.emit(${[{ type: 'other.v1' }]}::jsonb)`, refused)
    await assert.rejects(bench.query`create table public.mine ()`, refused)
  })
})
