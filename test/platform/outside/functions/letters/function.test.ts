import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setup } from 'mezz/test'
import { noteWritten } from '../../triggers/events.ts'
import letters from './function.ts'

it('counts a note once, however often its event comes', async () => {
  const test = await setup(letters, { twice: true, folder: import.meta.dirname })

  await test.deliver(noteWritten, { note: 'a', bytes: 3 })

  const answer = await test.request('/total')
  assert.deepEqual(await answer.json(), { bytes: 3 })
  await test.close()
})
