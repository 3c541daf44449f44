import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codeOf, PlatformError, problem, unavailable } from '../../runtime/errors.ts'

describe('a problem', () => {
  it('has what its error says, and its errors where there are any', () => {
    const error = new PlatformError('unprocessable', 'a ragged row', {
      errors: [{ pointer: 'line 3', reason: 'short' }],
    })

    assert.deepEqual(problem(error, 't'), {
      type: 'about:blank',
      title: 'Unprocessable Content',
      status: 422,
      detail: 'a ragged row',
      code: 'unprocessable',
      errors: [{ pointer: 'line 3', reason: 'short' }],
      trace: 't',
    })
    assert.ok(!('errors' in problem(new PlatformError('conflict', 'x'))))
  })

  it('of anything else tells nothing', () => {
    for (const thrown of [new Error('secret'), 'secret', undefined, { code: 'not_found', message: 'secret' }]) {
      assert.deepEqual(problem(thrown), {
        type: 'about:blank',
        title: 'Internal Server Error',
        status: 500,
        detail: 'unexpected error',
        code: 'internal',
      })
    }
  })

  it('has a code for every status that others choose, but a bug', () => {
    assert.deepEqual([400, 404, 409, 418, 422, 429, 500, 502, 503, 504].map(codeOf), [
      'invalid_input',
      'not_found',
      'conflict',
      'invalid_input',
      'unprocessable',
      'too_many_requests',
      undefined,
      undefined,
      'unavailable',
      'timeout',
    ])
  })
})

it('a system that does not answer keeps what it said as the cause, and asks to be tried again', () => {
  const cause = new Error('ECONNREFUSED')
  const { code, message, retryAfter, cause: kept } = unavailable('Kafka', cause)

  assert.deepEqual([code, message, retryAfter, kept], ['unavailable', 'Kafka did not answer', 1, cause])
})
