import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePrediction, parseResourceName, resourceId } from '../../runtime/resource-name.ts'
import { uuidv7 } from '../../runtime/uuid.ts'

const digest = `sha256:${'0a'.repeat(32)}`

describe('the name of a thing', () => {
  for (const [text, expected] of [
    ['datasets/churn', { team: undefined, kind: 'datasets', name: 'churn', version: undefined }],
    ['datasets/churn@3', { team: undefined, kind: 'datasets', name: 'churn', version: '3' }],
    ['mezz://acme/models/m@12', { team: 'acme', kind: 'models', name: 'm', version: '12' }],
    ['code/git@host:a/b.git@1f2e', { team: undefined, kind: 'code', name: 'git@host:a/b.git', version: '1f2e' }],
    [`environments/${digest}`, { team: undefined, kind: 'environments', name: digest, version: undefined }],
    [digest, { kind: 'bytes', name: digest }],
    ['churn', null],
    ['', null],
    ['sha256:0a', null],
    ['mezz://acme', null],
    ['datasets/', null],
  ] as const) {
    it(`is read from ${text || 'an empty text'}`, () => {
      assert.deepEqual(parseResourceName(text), expected)
    })
  }

  it('is written as it is read', () => {
    for (const id of ['mezz://acme/models/m@12', 'mezz://acme/views/v', digest]) {
      const { team = 'acme', ...name } = parseResourceName(id) ?? assert.fail(id)
      assert.equal(resourceId(team, name), id)
    }
  })
})

describe('the name of a prediction', () => {
  it('says which version made it, and when', () => {
    const at = new Date('2026-03-04T05:06:07.089Z')

    const read = parsePrediction(`churn@3/${uuidv7(at.getTime())}`)

    assert.deepEqual(read, { model: 'churn', version: '3', at })
  })

  it('is no name of a thing, nor any other id', () => {
    for (const text of ['models/m@3', 'churn@3', `churn/${uuidv7()}`, 'churn@3/0f8fad5b-d9cb-469f-a165-70867728950e'])
      assert.equal(parsePrediction(text), null)
  })
})
