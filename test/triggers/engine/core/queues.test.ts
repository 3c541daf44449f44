import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createHeap } from '../../../../triggers/engine/core/heap.ts'
import { createQueue } from '../../../../triggers/engine/core/queue.ts'
import { createSlots } from '../../../../triggers/engine/core/slots.ts'

describe('heap', () => {
  it('gives the earliest first, and of one time the first in', () => {
    const heap = createHeap<string>()
    const times = [5, 1, 9, 5, 3, 1, 7, 0, 5, 2]
    for (const [at, time] of times.entries()) heap.push(time, `${time}.${at}`)

    const out: (string | undefined)[] = []
    while (heap.size > 0) out.push(heap.pop())

    assert.deepEqual(out, ['0.7', '1.1', '1.5', '2.9', '3.4', '5.0', '5.3', '5.8', '7.6', '9.2'])
    assert.equal(heap.next, Number.POSITIVE_INFINITY)
    assert.equal(heap.pop(), undefined)
  })
})

describe('queue', () => {
  it('keeps the order over many turns', () => {
    const queue = createQueue<number>()
    let out = 0
    for (let at = 0; at < 1000; at++) {
      queue.push(at)
      if (at % 3 > 0) assert.equal(queue.shift(), out++)
    }

    assert.equal(queue.size, 1000 - out)
    while (queue.size > 0) assert.equal(queue.shift(), out++)
    assert.equal(queue.shift(), undefined)
  })
})

describe('slots', () => {
  it('hands out no more than there are, in turn to each that has work', () => {
    const slots = createSlots(3)
    const taken: string[] = []
    const taker = (name: string, work: number) => ({
      take() {
        if (work-- <= 0) return false
        taken.push(name)
        return true
      },
    })

    slots.request(taker('a', 5))
    slots.request(taker('b', 2))
    for (let ended = 0; ended < 7; ended++) slots.release()

    assert.deepEqual(taken, ['a', 'a', 'a', 'a', 'b', 'a', 'b'])
    assert.equal(slots.used, 0)
  })
})
