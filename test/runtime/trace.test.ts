import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { continueTrace, traceparent } from '../../runtime/trace.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

describe('a trace', () => {
  it('goes on with a span of its own, sampled or not', () => {
    for (const [flags, sampled] of [
      ['01', true],
      ['00', false],
      ['03', true],
    ] as const) {
      const trace = continueTrace(`00-${TRACE}-${SPAN}-${flags}`)

      assert.deepEqual([trace.traceId, trace.sampled], [TRACE, sampled])
      assert.notEqual(trace.spanId, SPAN)
    }
  })

  for (const header of [
    undefined,
    '',
    'x',
    `00-${TRACE}-${SPAN}`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
  ]) {
    it(`begins anew after ${header}`, () => {
      const trace = continueTrace(header)

      assert.match(traceparent(trace), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
      assert.notEqual(trace.traceId, TRACE)
    })
  }

  it('is written as it is read', () => {
    const trace = continueTrace(undefined)

    assert.equal(continueTrace(traceparent(trace)).traceId, trace.traceId)
  })
})
