import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { columns } from '../../../build/cli/columns.ts'
import { flowLines, flowText } from '../../../build/cli/flow-text.ts'
import { shownStatus } from '../../../build/cli/list.ts'
import { mergeOpenapi } from '../../../build/cli/merge-openapi.ts'
import { painter } from '../../../build/cli/painter.ts'
import { problemText } from '../../../build/cli/problem-text.ts'

const at = (second: string) => `2026-01-02T03:04:${second}Z`
const flow = {
  id: 'f1',
  startedAt: at('05.000'),
  state: 'failed',
  steps: [
    {
      event: 'mezz.dataset.ingested.v1',
      subject: 'iris',
      function: 'features',
      state: 'done',
      at: at('05.000'),
      ms: 12.4,
      attempts: 1,
      process: 'features-7',
      coldStartMs: 120,
    },
    {
      event: 'mezz.features.extracted.v1',
      subject: 'iris',
      function: 'train',
      state: 'done',
      at: at('05.250'),
      attempts: 1,
    },
    {
      event: 'gbdt',
      subject: 'iris',
      function: 'train',
      state: 'dead',
      at: at('06.000'),
      attempts: 3,
      error: 'no\nmemory',
    },
    {
      event: 'mezz.model.trained.v1',
      subject: 'iris',
      function: 'convert',
      state: 'waiting',
      waitingFor: 'its delivery',
      at: at('07.000'),
      attempts: 0,
    },
  ],
}

describe('what people see', () => {
  it('stands in columns, numbers to the right, without a column that is empty', () => {
    const text = columns(
      ['NAME', 'N', 'NOTE'],
      [
        ['a', '5', ''],
        ['long', '12 ms', ''],
      ],
    )

    assert.equal(text, 'NAME      N\na         5\nlong  12 ms\n')
  })

  it('is a flow run on one line, the steps of one function as the worst of them', () => {
    assert.equal(
      flowLines([flow]),
      'FLOW  STARTED (UTC)        STATE   STEPS\nf1    2026-01-02 03:04:05  failed  features ✓  train ✗  convert ·\n',
    )
  })

  it('is a flow run in full, with why a step waits or broke below it', () => {
    const lines = flowText(flow).split('\n')

    assert.equal(lines[0], 'flow f1  failed  started 2026-01-02 03:04:05 UTC')
    assert.match(lines[2] ?? '', /^0\.00 s {2}✓ done .*features .*iris +12 ms +features-7 +120 ms$/)
    assert.match(lines[3] ?? '', /^0\.25 s {2}✓ done +train/)
    assert.match(lines[4] ?? '', /^1\.00 s {2}✗ dead +train +gbdt +iris +3$/)
    assert.deepEqual(lines.slice(5, 7), ['    no', '    memory'])
    assert.equal(lines[8], '    waiting for its delivery')
  })

  it('is functions, triggers with why they stopped, and what is missing', () => {
    const text = shownStatus({
      team: 'default',
      functions: [
        {
          name: 'hello',
          processes: 1,
          starting: 2,
          requests: 9,
          queued: 0,
          errors: 0,
          lastColdStartMs: null,
          uses: ['sql'],
          ours: false,
        },
      ],
      triggers: [
        {
          name: 'a-to-hello',
          on: 'a.v1',
          to: 'hello',
          lag: 4,
          oldestSeconds: 12.34,
          inFlight: 0,
          parked: 0,
          deadLetters: 1,
          state: 'stopped',
          reason: '401',
        },
      ],
      missing: ['PostgreSQL: no answer'],
    })

    assert.match(text, /hello +1 \+ 2 starting +9 +0 +0 +sql +yours\n/)
    assert.match(text, /a-to-hello +a\.v1 +hello +4 +12\.3 s +0 +0 +1 +stopped +401\n/)
    assert.match(text, /\nmissing PostgreSQL: no answer\n$/)
  })

  it('is a problem in words with each place and its reason', () => {
    const problem = { status: 400, detail: 'not right', errors: [{ pointer: '/a', reason: 'is missing' }] }

    assert.equal(problemText(JSON.stringify(problem), 'Bad Request'), 'not right\n  /a: is missing')
    assert.equal(problemText('<html>', 'Bad Gateway'), 'Bad Gateway')
  })
})

describe('OpenAPI documents in one', () => {
  const document = (schema: unknown) => ({
    openapi: '3.1.0',
    paths: { '/': { get: { schema: { $ref: '#/components/schemas/Thing' } } } },
    components: { schemas: { Thing: schema } },
  })

  it('have each path below its function, and share what is the same', () => {
    const merged = mergeOpenapi(
      [
        ['/t/a', document({ type: 'string' })],
        ['/t/b', document({ type: 'string' })],
      ],
      { title: 'all', server: 'http://x' },
    )

    assert.deepEqual(Object.keys(merged.paths), ['/t/a/', '/t/b/'])
    assert.deepEqual(merged.components?.schemas, { Thing: { type: 'string' } })
  })

  it('keep apart what has one name and is not the same', () => {
    const merged = mergeOpenapi(
      [
        ['/t/a', document({ type: 'string' })],
        ['/t/b', document({ type: 'number' })],
      ],
      { title: 'all', server: 'http://x' },
    )

    assert.deepEqual(merged.paths['/t/a/'], { get: { schema: { $ref: '#/components/schemas/Thing' } } })
    assert.deepEqual(merged.paths['/t/b/'], { get: { schema: { $ref: '#/components/schemas/t_b_Thing' } } })
    assert.deepEqual(merged.components?.schemas, { Thing: { type: 'string' }, t_b_Thing: { type: 'number' } })
  })
})

describe('a text drawn again', () => {
  const drawn = (columns: number) => {
    const written: string[] = []
    const paint = painter({ isTTY: true, columns, write: (text) => written.push(text) })
    paint?.(`short\n${'x'.repeat(25)}\n`)
    paint?.('after\n')
    return written.at(-1)
  }

  it('goes up over the lines that the one before took on the screen', () => {
    assert.equal(drawn(10), '\x1b[4A\x1b[Jafter\n')
    assert.equal(drawn(80), '\x1b[2A\x1b[Jafter\n')
  })

  it('does so on a terminal that does not know its width', () => {
    assert.equal(drawn(0), '\x1b[2A\x1b[Jafter\n')
  })

  it('is not drawn where there is no terminal', () => {
    assert.equal(painter({ write: () => undefined }), undefined)
  })
})
