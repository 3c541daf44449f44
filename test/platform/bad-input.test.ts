import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { ask } from './chain.ts'
import { eventually } from './eventually.ts'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'

const Problem = z.object({ code: z.string(), errors: z.array(z.object({ pointer: z.string() })).optional() })
const Items = z.object({ items: z.array(z.looseObject({ id: z.string() })) })
const Status = z.object({
  triggers: z.array(z.object({ name: z.string(), state: z.string(), deadLetters: z.number() })),
})

type Row = readonly [
  what: string,
  path: string,
  init: RequestInit | undefined,
  status: number,
  code: string,
  pointer?: string,
]

const NONE = '019a0000-0000-7000-8000-000000000000'
const JSON_TYPE = { 'Content-Type': 'application/json' }
const CE = { ...JSON_TYPE, 'ce-specversion': '1.0', 'ce-type': 'toy.poured.v1' }
const GOOD = { key: 'k', does: 'well' }
const post = (body?: unknown, headers: Record<string, string> = JSON_TYPE): RequestInit => ({
  method: 'POST',
  ...(body === undefined ? {} : { headers, body: typeof body === 'string' ? body : JSON.stringify(body) }),
})
const said = (more: Record<string, string>, body: unknown = GOOD) => post(body, { ...CE, ...more })
const whole = (body: unknown) => post(body, { 'Content-Type': 'application/cloudevents+json' })

const EVENTS: readonly Row[] = [
  ['an event that is no JSON', '/events', said({}, '{'), 400, 'invalid_input', ''],
  [
    'an event of another type of body',
    '/events',
    said({ 'Content-Type': 'text/plain' }),
    415,
    'unsupported_media_type',
  ],
  [
    'an event without a type',
    '/events',
    post(GOOD, { ...JSON_TYPE, 'ce-specversion': '1.0' }),
    400,
    'invalid_input',
    '/ce-type',
  ],
  [
    'an event of an older CloudEvents',
    '/events',
    said({ 'ce-specversion': '0.3' }),
    400,
    'invalid_input',
    '/ce-specversion',
  ],
  [
    'an event that the platform alone tells',
    '/events',
    said({ 'ce-type': 'mezz.dataset.ingested.v1' }),
    403,
    'forbidden',
  ],
  ['an event that nothing takes', '/events', said({ 'ce-type': 'toy.lost.v1' }), 422, 'unprocessable'],
  ['an event with an empty id', '/events', said({ 'ce-id': '' }), 400, 'invalid_input', '/ce-id'],
  [
    'an event with a control character in its subject',
    '/events',
    said({ 'ce-subject': 'a%01' }),
    400,
    'invalid_input',
    '/ce-subject',
  ],
  [
    'an event with an attribute that is too long',
    '/events',
    said({ 'ce-source': 'x'.repeat(513) }),
    400,
    'invalid_input',
    '/ce-source',
  ],
  ['data that lack a field', '/events', said({}, { key: 'k' }), 400, 'invalid_input', '/does'],
  ['data that are no object', '/events', said({}, [1]), 400, 'invalid_input', ''],
  ['data that are too large', '/events', said({}, { ...GOOD, more: 'x'.repeat(257 * 1024) }), 413, 'too_large'],
  ['a body that is too large', '/events', said({}, { ...GOOD, more: 'x'.repeat(400 * 1024) }), 413, 'too_large'],
  ['a body that is too deep', '/events', said({}, '['.repeat(1000)), 400, 'invalid_input', ''],
  ['data whose key is no key', '/events', said({}, { ...GOOD, key: 'a\u0000' }), 400, 'invalid_input', ''],
  ['a whole event that is no object', '/events', whole([1]), 400, 'invalid_input'],
  [
    'a whole event without a version',
    '/events',
    whole({ type: 'toy.poured.v1', data: GOOD }),
    400,
    'invalid_input',
    '/specversion',
  ],
  [
    'a whole event with a number for a type',
    '/events',
    whole({ specversion: '1.0', type: 1 }),
    400,
    'invalid_input',
    '/type',
  ],
  ['events that are asked for', '/events', undefined, 405, 'method_not_allowed'],
]
const T = '/triggers/toy-poured-to-poison'
const TRIGGERS: readonly Row[] = [
  ['a pause of a trigger that is not there', '/triggers/none/pause', post(), 404, 'not_found'],
  ['a pause of a trigger that cannot be', '/triggers/%00/pause', post(), 404, 'not_found'],
  ['an empty reason', `${T}/pause`, post({ reason: '' }), 400, 'invalid_input', '/reason'],
  ['a reason that is too long', `${T}/pause`, post({ reason: 'x'.repeat(501) }), 400, 'invalid_input', '/reason'],
  ['a reason that is a number', `${T}/pause`, post({ reason: 1 }), 400, 'invalid_input', '/reason'],
  ['a reason with a NUL', `${T}/pause`, post({ reason: 'a\u0000' }), 400, 'invalid_input', '/reason'],
  ['a reason with half a character', `${T}/pause`, post({ reason: '\ud800' }), 400, 'invalid_input', '/reason'],
  ['a pause with an unknown field', `${T}/pause`, post({ until: 'noon' }), 400, 'invalid_input', '/until'],
  ['a pause that is no JSON', `${T}/pause`, post('{'), 400, 'invalid_input', ''],
  ['a resume of a trigger that is not there', '/triggers/none/resume', post(), 404, 'not_found'],
]
const D = '/dead-letters'
const DEAD: readonly Row[] = [
  ['a dead letter that is not there', `${D}/${NONE}`, undefined, 404, 'not_found'],
  ['a dead letter that cannot be', `${D}/1%00`, undefined, 404, 'not_found'],
  ['a redrive of one that is not there', `${D}/${NONE}/redrive`, post(), 404, 'not_found'],
  ['a redrive of one that cannot be', `${D}/x/redrive`, post(), 404, 'not_found'],
  ['the end of one that is not there', `${D}/${NONE}`, { method: 'DELETE' }, 404, 'not_found'],
  ['the end of one that cannot be', `${D}/x`, { method: 'DELETE' }, 404, 'not_found'],
  ['a page of nothing', `${D}?limit=0`, undefined, 400, 'invalid_input', '/limit'],
  ['a page after what is no dead letter', `${D}?after=x`, undefined, 400, 'invalid_input', '/after'],
  ['a fingerprint that is none', `${D}?fingerprint=x`, undefined, 400, 'invalid_input', '/fingerprint'],
  ['a trigger with a NUL', `${D}?trigger=a%00`, undefined, 400, 'invalid_input', '/trigger'],
  ['a flow with a NUL', `${D}?flow=a%00`, undefined, 400, 'invalid_input', '/flow'],
  ['an unknown parameter of dead letters', `${D}?state=new`, undefined, 400, 'invalid_input', '/state'],
  ['a parameter of dead letters twice', `${D}?limit=1&limit=2`, undefined, 400, 'invalid_input', '/limit'],
  ['a redrive since no time', `${D}/redrive`, post({ since: 'noon' }), 400, 'invalid_input', '/since'],
  [
    'a redrive of what is no fingerprint',
    `${D}/redrive`,
    post({ fingerprint: 'x' }),
    400,
    'invalid_input',
    '/fingerprint',
  ],
  ['a redrive of a trigger with a NUL', `${D}/redrive`, post({ trigger: 'a\u0000' }), 400, 'invalid_input', '/trigger'],
  ['a redrive at no rate', `${D}/redrive`, post({ rate: 0 }), 400, 'invalid_input', '/rate'],
  ['a redrive with an unknown field', `${D}/redrive`, post({ all: true }), 400, 'invalid_input', '/all'],
]
const FLOWS: readonly Row[] = [
  ['a flow that is not there', `/flows/${NONE}`, undefined, 404, 'not_found'],
  ['a flow that cannot be', '/flows/a%00', undefined, 404, 'not_found'],
  ['an end of a flow that is not there', `/flows/${NONE}/cancel`, post(), 404, 'not_found'],
  ['an end of a flow that cannot be', '/flows/a%00/cancel', post(), 404, 'not_found'],
  ['a redrive of a flow that is not there', `/flows/${NONE}/redrive`, post({}), 404, 'not_found'],
  ['a redrive of a flow that cannot be', '/flows/a%00/redrive', post({}), 404, 'not_found'],
  ['a redrive of a flow with an unknown field', `/flows/${NONE}/redrive`, post({ at: 1 }), 400, 'invalid_input', '/at'],
  ['a redrive of a flow from nowhere', `/flows/${NONE}/redrive`, post({ from: '' }), 400, 'invalid_input', '/from'],
  ['a page of no flows', '/flows?limit=0', undefined, 400, 'invalid_input', '/limit'],
  ['a page of flows after a NUL', '/flows?after=%00', undefined, 400, 'invalid_input', '/after'],
  ['an unknown parameter of flows', '/flows?state=done', undefined, 400, 'invalid_input', '/state'],
]
const OTHERS: readonly Row[] = [
  ['a lineage of nothing', '/lineage', undefined, 400, 'invalid_input', '/of'],
  ['a lineage of an empty name', '/lineage?of=', undefined, 400, 'invalid_input', '/of'],
  ['a lineage of a NUL', '/lineage?of=datasets/a%00', undefined, 400, 'invalid_input', '/of'],
  ['a lineage of what is not there', '/lineage?of=datasets/none', undefined, 404, 'not_found'],
  ['a lineage of another team', '/lineage?of=mezz://other/datasets/a', undefined, 404, 'not_found'],
  ['a lineage in no direction', '/lineage?of=a&direction=up', undefined, 400, 'invalid_input', '/direction'],
  ['a lineage of no things', '/lineage?of=a&limit=0', undefined, 400, 'invalid_input', '/limit'],
  ['usage from no time', '/usage?from=noon', undefined, 400, 'invalid_input', '/from'],
  ['usage to a day that is none', '/usage?to=2024-02-30', undefined, 400, 'invalid_input', '/to'],
  ['usage to before its begin', '/usage?from=2024-02-02&to=2024-02-01', undefined, 400, 'invalid_input', '/from'],
  ['usage by what is none', '/usage?by=colour', undefined, 400, 'invalid_input', '/by'],
  ['usage after what is no place', '/usage?after=x', undefined, 400, 'invalid_input', '/after'],
  ['usage of too many hours', '/usage?limit=10001', undefined, 400, 'invalid_input', '/limit'],
  ['an unknown parameter of usage', '/usage?team=a', undefined, 400, 'invalid_input', '/team'],
  ['logs after no line', '/logs?after=-1', undefined, 400, 'invalid_input', '/after'],
  ['logs of no lines', '/logs?limit=0', undefined, 400, 'invalid_input', '/limit'],
  ['an unknown parameter of logs', '/logs?since=1', undefined, 400, 'invalid_input', '/since'],
  ['a route that is not there', '/nothing', undefined, 404, 'not_found'],
]

describe('the platform refuses', () => {
  let data = ''
  let dev: Dev
  before(async () => {
    data = await mkdtemp(join(tmpdir(), 'mezz-bad-input-'))
    dev = await startDev({ data, folder: resolve('test/platform/poison') })
    // One that is dead, so that a redrive too many would be seen.
    assert.equal((await fetch(`${dev.url}/_mezz/events`, said({}, { key: 'k', does: 'throws' }))).status, 202)
    await eventually('a dead letter', async () => (await ask(`${dev.url}/_mezz/dead-letters`, Items)).items.length > 0)
  })
  after(async () => {
    await dev?.stop()
    await rm(data, { recursive: true, force: true })
  })

  const kept = async () => ({
    flows: (await ask(`${dev.url}/_mezz/flows`, Items)).items.map(({ id }) => id),
    dead: (await ask(`${dev.url}/_mezz/dead-letters`, Items)).items,
    triggers: (await ask(`${dev.url}/_mezz/status`, Status)).triggers,
  })

  for (const [what, path, init, status, code, pointer] of [...EVENTS, ...TRIGGERS, ...DEAD, ...FLOWS, ...OTHERS]) {
    it(`${what}: ${status} ${code} ${pointer ?? ''}, and keeps nothing of it`, async () => {
      const before = await kept()

      const answer = await fetch(`${dev.url}/_mezz${path}`, init)

      const text = await answer.text()
      assert.equal(answer.status, status, text)
      assert.equal(answer.headers.get('content-type'), 'application/problem+json')
      const problem = Problem.parse(JSON.parse(text))
      assert.equal(problem.code, code)
      if (pointer !== undefined) assert.equal(problem.errors?.[0]?.pointer, pointer, text)
      assert.deepEqual(await kept(), before)
    })
  }
})
