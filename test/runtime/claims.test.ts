import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type * as z from 'zod'
import { callerOf } from '../../runtime/claims.ts'
import { IssuerRow } from '../../runtime/issuer-row.ts'

type Given = Partial<z.input<typeof IssuerRow>>

function row(more: Given = {}): IssuerRow {
  const audience = more.team === undefined && more.claims?.team === undefined ? { team: 'default' } : {}
  return IssuerRow.parse({ issuer: 'i', audience: 'mezz', jwks: 'https://i.example/', ...audience, ...more })
}

describe('the claims of a token', () => {
  for (const [said, scopes] of [
    ['a b', ['a', 'b']],
    [' a  b ', ['a', 'b']],
    ['', []],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [['a', 1, null, ''], ['a']],
    [null, []],
    [{ a: true }, []],
    ['all', ['all']],
    ['*', ['*']],
  ] as const) {
    it(`allow ${JSON.stringify(scopes)} by the scope ${JSON.stringify(said)}`, () => {
      const { scopes: found } = callerOf({ sub: 'ada', scope: said }, row({ scopes: 'all' }), 'default')

      assert.deepEqual(found, scopes)
    })
  }

  it('allow what the row gives where they have no scope at all', () => {
    for (const scopes of ['all' as const, ['a'], []])
      assert.deepEqual(callerOf({ sub: 'ada' }, row({ scopes }), 'default').scopes, scopes)
  })

  it('are found by a pointer into them, or by a name with any letters', () => {
    const claims = {
      'https://acme.example/id': 'ada',
      realm_access: { roles: ['a'], 'x/y': ['b'] },
    }

    const byPointer = row({ claims: { user: 'https://acme.example/id', scopes: '/realm_access/roles' } })
    assert.deepEqual(callerOf(claims, byPointer, 'default').scopes, ['a'])
    const escaped = row({ claims: { user: 'https://acme.example/id', scopes: '/realm_access/x~1y' } })
    assert.deepEqual(callerOf(claims, escaped, 'default').scopes, ['b'])
  })

  it('are their own, and none that every object has', () => {
    for (const user of ['constructor', '__proto__', '/sub/length', '/constructor/name'])
      assert.throws(() => callerOf({ sub: 'ada' }, row({ claims: { user } }), 'default'), { reason: 'token_claim' })
  })

  it('name the user by a text or a whole number, behind the prefix of the row', () => {
    assert.equal(callerOf({ sub: 'ada' }, row(), 'default').id, 'ada')
    assert.equal(
      callerOf({ user_id: 7 }, row({ claims: { user: 'user_id' }, prefix: 'shop:' }), 'default').id,
      'shop:7',
    )
    for (const user_id of [7.5, 2 ** 53, true, null, {}, ['7'], '\ud800'])
      assert.throws(() => callerOf({ user_id }, row({ claims: { user: 'user_id' } }), 'default'), {
        reason: 'token_claim',
      })
  })

  it('may name the team, or several of which ours is one', () => {
    const byClaim = row({ claims: { team: 'groups' } })

    for (const groups of ['default', ['other', 'default']])
      assert.equal(callerOf({ sub: 'ada', groups }, byClaim, 'default').team, 'default')
    for (const groups of ['other', [], ['other'], { default: true }, null, ['DEFAULT']])
      assert.throws(() => callerOf({ sub: 'ada', groups }, byClaim, 'default'), {
        code: 'forbidden',
        reason: 'other_team',
      })
    assert.throws(() => callerOf({ sub: 'ada' }, byClaim, 'default'), {
      code: 'unauthenticated',
      reason: 'token_claim',
    })
  })

  it('must say what the row requires, exactly', () => {
    const strict = row({ require: { token_type: 'access', '/realm/staff': true } })

    assert.equal(callerOf({ sub: 'ada', token_type: 'access', realm: { staff: true } }, strict, 'default').id, 'ada')
    for (const said of [{ token_type: 'access' }, { token_type: 'refresh', realm: { staff: true } }, {}])
      assert.throws(() => callerOf({ sub: 'ada', ...said }, strict, 'default'), { reason: 'token_claim' })
  })

  it('are of a service where the row says so', () => {
    assert.equal(callerOf({ sub: 'robot' }, row({ type: 'service_account' }), 'default').type, 'service_account')
  })
})
