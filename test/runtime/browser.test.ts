import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cameByProxy, foreignOrigin, foreignPage, proxiedScheme } from '../../runtime/browser.ts'

const HOST = '127.0.0.1:8080'

describe('foreignPage', () => {
  for (const headers of [
    { host: HOST },
    { host: 'localhost' },
    { host: '[::1]:8080' },
    { host: 'infer.default.localhost:8080' },
    { host: HOST, origin: `http://${HOST}`, 'sec-fetch-site': 'same-origin' },
    { host: HOST, 'sec-fetch-site': 'none' },
  ]) {
    it(`lets ${JSON.stringify(headers)} pass`, () => assert.equal(foreignPage(reader(headers)), null))
  }

  for (const [what, headers] of Object.entries({
    'a name that was bound to this machine': { host: 'evil.example:8080' },
    'a name that only begins like ours': { host: 'localhost.evil.example' },
    'a name that only ends like ours': { host: 'notlocalhost:8080' },
    'no Host': {},
    'a page of another site': { host: HOST, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    'a page of another port of this machine': { host: 'localhost:8080', origin: 'http://localhost:3000' },
    'a page of this machine by another name': { host: HOST, origin: 'http://localhost:8080' },
    'a page of this host by another scheme': { host: HOST, origin: `https://${HOST}` },
    'a sandboxed page or a file': { host: HOST, origin: 'null' },
    'an image of a page of another site': { host: HOST, 'sec-fetch-site': 'cross-site' },
    'an image of a page of another port': { host: 'localhost:8080', 'sec-fetch-site': 'same-site' },
    'two origins': { host: HOST, origin: `http://${HOST}, https://evil.example` },
  })) {
    it(`stops ${what}`, () => assert.match(foreignPage(reader(headers)) ?? '', /may not call|no name of this machine/))
  }
})

describe('a request that a proxy sent on', () => {
  for (const name of ['forwarded', 'via', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']) {
    it(`is known by ${name}, even an empty one`, () => assert.ok(cameByProxy(reader({ host: HOST, [name]: '' }))))
  }

  it('is none where nothing says so', () => assert.equal(cameByProxy(reader({ host: HOST, origin: 'x' })), false))

  it('may name any host, and a page of that very origin alone', () => {
    const https = { host: 'ai.example', 'x-forwarded-proto': 'https' }
    const scheme = `${proxiedScheme(reader(https))}:`

    assert.equal(foreignOrigin(reader({ ...https, origin: 'https://ai.example' }), scheme), null)
    assert.match(foreignOrigin(reader({ ...https, origin: 'http://ai.example' }), scheme) ?? '', /may not call/)
    assert.match(foreignOrigin(reader({ ...https, origin: 'https://evil.example' }), scheme) ?? '', /may not call/)
    assert.match(foreignOrigin(reader({ ...https, 'sec-fetch-site': 'cross-site' }), scheme) ?? '', /may not call/)
  })
})

function reader(headers: Readonly<Record<string, string>>): (name: string) => string | undefined {
  const given = new Headers(headers)
  return (name) => given.get(name) ?? undefined
}
