import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readEnvironment } from '../../runtime/env.ts'
import { laptopIssuer } from '../../runtime/laptop-issuer.ts'
import { ed25519, rsa } from './tokens.ts'

const SECRET = 'hunter2hunter2hunter2hunter2hunter2'
const key = ed25519('k')
const plain = { issuer: 'https://id.example', audience: 'mezz', jwks: 'https://id.example/jwks', team: 'default' }
const { jwks: _, ...keyless } = plain
const shared = { ...keyless, secret: SECRET, algorithms: ['HS256'] }

function read(table: unknown) {
  return readEnvironment({ MEZZ_ISSUERS: JSON.stringify(table) }).MEZZ_ISSUERS ?? []
}

describe('a row of issuers', () => {
  it('allows asymmetric algorithms alone unless it says more, and no scope', () => {
    const [row] = read([plain])

    assert.deepEqual(
      { ...row, algorithms: row?.algorithms.filter((one) => one.startsWith('HS')) },
      {
        ...plain,
        audience: ['mezz'],
        algorithms: [],
        claims: { user: 'sub', scopes: 'scope' },
        scopes: [],
        require: {},
        type: 'user',
        prefix: '',
        tolerance: 30,
      },
    )
  })

  it('says the same when it is written down as it was understood', () => {
    const rows = read([plain, shared, { ...keyless, keys: [key.pem] }, laptopIssuer({ keys: [key.jwk] }, 'default')])

    assert.deepEqual(read(rows), rows)
  })

  for (const [what, row, told] of [
    ['without an issuer', { ...plain, issuer: undefined }, /0\.issuer/],
    ['of the engine', { ...plain, issuer: 'mezz-engine' }, /0\.issuer: is a name of the platform itself/],
    ['without an audience', { ...plain, audience: undefined }, /0\.audience: must be a text or a list/],
    ['without a key', keyless, /0\.issuer: needs exactly one of jwks, keys and secret/],
    ['with two kinds of keys', { ...plain, keys: [key.jwk] }, /exactly one of jwks/],
    ['with keys by http', { ...plain, jwks: 'http://id.example/jwks' }, /0\.jwks: must be a URL of https/],
    ['with keys in a file', { ...plain, jwks: 'file:///etc/passwd' }, /0\.jwks: must be a URL of https/],
    [
      'with keys at a name that only looks near',
      { ...plain, jwks: 'http://localhost.evil.example/' },
      /must be a URL of https/,
    ],
    ['with keys at no URL', { ...plain, jwks: 'keys' }, /0\.jwks/],
    ['without an issuer that names its key set', { ...plain, issuer: null }, /need keys or a secret/],
    ['with no key', { ...keyless, keys: [] }, /0\.keys/],
    ['with a private key', { ...keyless, keys: [key.secret.export({ format: 'jwk' })] }, /must be a public key/],
    ['with a secret as a key', { ...keyless, keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }, /0\.keys\.0/],
    ['with half a key', { ...keyless, keys: [{ kty: 'RSA', n: 'AQAB' }] }, /is no public key/],
    ['with a weak key', { ...keyless, keys: [rsa('weak', 1024).jwk] }, /must have 2048 bits/],
    ['with text as a key', { ...keyless, keys: ['PEM'] }, /is no public key/],
    ['with a secret and no algorithm', { ...shared, algorithms: undefined }, /0\.algorithms: must be said/],
    ['with a secret and RS256', { ...shared, algorithms: ['HS256', 'RS256'] }, /0\.algorithms: must be said/],
    ['with HS256 and public keys', { ...plain, algorithms: ['RS256', 'HS256'] }, /need a secret: a public key is none/],
    ['with none', { ...plain, algorithms: ['none'] }, /0\.algorithms\.0/],
    ['with no algorithm', { ...plain, algorithms: [] }, /0\.algorithms/],
    ['with a short secret', { ...shared, secret: 'hunter2' }, /0\.secret: must have 32 bytes/],
    ['with no team', { ...plain, team: undefined }, /needs exactly one of team and claims\.team/],
    ['with two teams', { ...plain, claims: { team: 'groups' } }, /needs exactly one of team and claims\.team/],
    ['with a word that is not known', { ...plain, sceret: 'x' }, /sceret/],
    ['with a day of tolerance', { ...plain, tolerance: 86_400 }, /0\.tolerance/],
    ['with scopes as text', { ...plain, scopes: 'everything' }, /0\.scopes: must be "all" or a list/],
  ] as const) {
    it(`is refused: one ${what}`, () => {
      assert.throws(
        () => read([row]),
        ({ message }: Error) => {
          assert.match(message, told)
          assert.doesNotMatch(message, /hunter2/)
          return true
        },
      )
    })
  }

  it('may have its keys from a cluster or this machine without TLS', () => {
    for (const jwks of ['http://localhost:8180/k', 'http://127.0.0.1:1/', 'http://[::1]/', 'http://keycloak.sso.svc/k'])
      assert.equal(read([{ ...plain, jwks }])[0]?.jwks, jwks)
  })
})

describe('the table of issuers', () => {
  it('may lie in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mezz-issuers-'))
    const file = join(folder, 'issuers.json')
    writeFileSync(file, JSON.stringify([plain]))

    for (const given of [{ MEZZ_ISSUERS: `@${file}` }, { MEZZ_ISSUERS_FILE: file }])
      assert.equal(readEnvironment(given).MEZZ_ISSUERS?.[0]?.issuer, plain.issuer)
    assert.throws(() => readEnvironment({ MEZZ_ISSUERS: '[]', MEZZ_ISSUERS_FILE: file }), /one of them is enough/)
    rmSync(folder, { recursive: true })
    assert.throws(() => readEnvironment({ MEZZ_ISSUERS_FILE: file }), /cannot be read: .*issuers\.json \(ENOENT\)/)
  })

  it('tells all its faults at once, and nothing of what is wrong', () => {
    const table = [
      { ...shared, algorithms: ['RS256'] },
      { ...plain, jwks: 'http://id.example' },
    ]

    assert.throws(
      () => readEnvironment({ MEZZ_ISSUERS: JSON.stringify(table), PORT: 'x' }),
      ({ message }: Error) => {
        assert.match(message, /PORT.*MEZZ_ISSUERS\.0\.algorithms.*MEZZ_ISSUERS\.1\.jwks/s)
        assert.doesNotMatch(message, /hunter2|id\.example/)
        return true
      },
    )
    for (const text of ['', 'hunter2', '{"secret": "hunter2"', '"hunter2"', '{}'])
      assert.throws(
        () => readEnvironment({ MEZZ_ISSUERS: text }),
        ({ message }: Error) => /MEZZ_ISSUERS: /.test(message) && !message.includes('hunter2'),
      )
  })
})
