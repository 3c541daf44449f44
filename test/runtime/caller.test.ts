import assert from 'node:assert/strict'
import { it } from 'node:test'
import { callerId } from '../../runtime/caller.ts'
import { bare } from './bare.ts'

it('a handler learns who asks', async () => {
  const { app } = bare((routes) => routes.get('/', (c) => c.text(callerId())))

  assert.equal(await (await app.request('/')).text(), 'developer')
})

it('outside a request nobody asks', () => {
  assert.throws(callerId, /outside a request/)
})
