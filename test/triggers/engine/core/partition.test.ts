import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Changes } from '../../../../runtime/ledger.ts'
import type { LogRecord } from '../../../../runtime/topics.ts'
import type { Delivery, Io, Stored } from '../../../../triggers/engine/core/io.ts'
import { LIMITS } from '../../../../triggers/engine/core/limits.ts'
import { createPartition } from '../../../../triggers/engine/core/partition.ts'
import type { Outcome } from '../../../../triggers/engine/core/policy.ts'
import { createSlots } from '../../../../triggers/engine/core/slots.ts'

const DONE = { status: 204, code: '', message: '' }
const FAILED = { status: 503, code: 'unavailable', message: 'later' }

const record = (offset: number, key: string): LogRecord => ({ offset, key, headers: {}, value: `${offset}` })

/** A partition whose surroundings do nothing by themselves: each answer is given by hand. */
function setup({ parked = 1_000, order = 'key' as const } = {}) {
  let now = 1_000
  let isOld = false
  const flying = new Map<number, { readonly delivery: Delivery; readonly answer: (outcome: Outcome) => void }>()
  const reads: ((records: readonly LogRecord[]) => void)[] = []
  const writes: { readonly changes: Changes; readonly answer: (stored: Stored) => void }[] = []
  const io: Io = {
    now: () => now,
    random: () => 0,
    deliver: (delivery, answer) => flying.set(delivery.record.offset, { delivery, answer }),
    write: (changes, answer) => writes.push({ changes, answer }),
    read: (_from, _most, answer) => reads.push(answer),
    wake() {},
    refused() {},
    mayBury: () => true,
    stopped() {},
    isTooOld: () => isOld,
    fenced() {},
  }
  const partition = createPartition({
    policy: { order, parallel: 4, attempts: 3, backoff: { first: 100, most: 1_000 }, afterDeadLetter: 'continue' },
    limits: { ...LIMITS, parked },
    slots: createSlots(4),
    claimed: { epoch: 1, position: 0, ranges: [], parked: [] },
    io,
  })
  return {
    partition,
    flying: () => [...flying.keys()],
    attempt: (offset: number) => flying.get(offset)?.delivery.attempt,
    read: (...records: LogRecord[]) => reads.shift()?.(records),
    answer(offset: number, outcome: Outcome) {
      const { answer } = flying.get(offset) ?? assert.fail(`${offset} is not in flight`)
      flying.delete(offset)
      answer(outcome)
    },
    /** Stores the write that is on its way, and answers with it. */
    store() {
      const { changes, answer } = writes.shift() ?? assert.fail('no write')
      answer('stored')
      return changes
    },
    age() {
      isOld = true
    },
    pass(milliseconds: number) {
      now += milliseconds
      partition.tick()
    },
  }
}

const offsets = ({ park }: Changes) => park.map((row) => row.record.offset)

describe('a partition in order of keys', () => {
  it('parks what comes behind an event that waits, and delivers the other keys', () => {
    const { partition, read, answer, store, flying } = setup()
    read(record(0, 'a'), record(1, 'a'), record(2, 'b'))
    answer(0, FAILED)
    const first = store()
    read(record(3, 'a'), record(4, 'b'))
    const second = store()

    assert.deepEqual([offsets(first), first.position, first.ranges], [[0, 1], 2, []])
    assert.deepEqual([offsets(second), second.position, second.ranges], [[3], 2, [[3, 4]]])
    assert.deepEqual(flying(), [2])
    answer(2, DONE)
    assert.deepEqual(flying(), [4])
    assert.equal(partition.status().parked, 3)
  })

  it('delivers what was parked behind in order, without a wait of its own', () => {
    const { read, answer, store, flying, pass, attempt } = setup()
    read(record(0, 'a'), record(1, 'a'), record(2, 'a'))
    answer(0, FAILED)
    store()
    pass(50)
    store()
    assert.deepEqual([flying(), attempt(0)], [[0], 2])

    answer(0, DONE)
    assert.deepEqual([flying(), attempt(1)], [[1], 1])
    answer(1, DONE)
    assert.deepEqual(flying(), [2])
    answer(2, DONE)
    pass(LIMITS.progress.milliseconds)

    assert.deepEqual(store().unpark, [0, 1, 2])
  })

  it('parks again behind the next that waits', () => {
    const { read, answer, store, pass } = setup()
    read(record(0, 'a'), record(1, 'a'))
    answer(0, FAILED)
    store()
    pass(50)
    store()
    read(record(2, 'a'))
    answer(0, DONE)
    answer(1, FAILED)

    const { update, park } = store()
    assert.deepEqual(update, [{ offset: 1, attempts: 1, due: 1_100 }])
    assert.deepEqual(
      park.map((row) => row.record.offset),
      [2],
    )
  })

  it('parks no more than its bound, and the rest as soon as there is room', () => {
    const { partition, read, answer, store, pass, flying } = setup({ parked: 2 })
    read(record(0, 'a'), record(1, 'b'), record(2, 'b'), record(3, 'c'), record(4, 'c'))
    answer(0, FAILED)
    answer(1, { ...FAILED, retryAfter: 60_000 })
    assert.deepEqual(offsets(store()), [0])
    assert.deepEqual(offsets(store()), [1])
    answer(3, DONE)
    assert.deepEqual(flying(), [], 'nothing new begins at the bound')
    pass(50)
    store()
    assert.equal(partition.status().position, 2)
    answer(0, DONE)

    const { park, unpark } = store()
    assert.deepEqual([unpark, park.map((row) => row.record.offset)], [[0], [2]])
    assert.equal(partition.status().position, 4)
  })

  it('writes nothing of a row that was never stored when its event has become too old', () => {
    const one = setup()
    one.read(record(0, 'a'), record(1, 'b'))
    one.answer(1, { status: 400, code: 'invalid_input', message: '' })
    one.answer(0, FAILED)
    one.age()
    one.pass(1_000)

    one.store()
    const { park, unpark, dead } = one.store()

    assert.deepEqual([park, unpark], [[], []])
    assert.deepEqual(
      dead.map(({ record: { offset }, error: { code } }) => [offset, code]),
      [[0, 'too_old']],
    )
  })
})
