import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { beginning, withinLog } from '../../runtime/beginning.ts'

const bounds = { low: 5, high: 20, identity: 'one' }

describe('the beginning of an owner', () => {
  it('is an end of the log where the trigger has no position', () => {
    assert.deepEqual(beginning(null, { startFrom: 'earliest', bounds }), { position: 5, ranges: [] })
    assert.deepEqual(beginning(null, { startFrom: 'latest', bounds }), { position: 20, ranges: [] })
  })

  it('is where the last owner stood', () => {
    const stored = { position: 7, ranges: [[9, 12] as const] }

    assert.deepEqual(beginning(stored, { startFrom: 'latest', bounds }), stored)
  })

  it('skips no new record where the log has lost its end', () => {
    const stored = { position: 18, ranges: [[19, 22] as const, [25, 30] as const] }

    assert.deepEqual(withinLog(stored, 20), { position: 18, ranges: [[19, 20]] })
    assert.deepEqual(withinLog({ position: 40, ranges: [] }, 20).position, 20)
  })

  it('is not taken back by bounds that are older than it', () => {
    const stored = { position: 25, ranges: [[27, 30] as const] }

    assert.deepEqual(beginning(stored, { startFrom: 'earliest', bounds }), stored)
  })
})
