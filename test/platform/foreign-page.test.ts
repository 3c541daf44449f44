import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'

/** What a browser sends for a page of somebody else; `HOST` stands for the address asked. */
const FOREIGN: readonly [string, Readonly<Record<string, string>>][] = [
  [
    'a cross-site POST',
    { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' },
  ],
  ['a cross-site form, as text', { Origin: 'null', 'Sec-Fetch-Site': 'cross-site', 'Content-Type': 'text/plain' }],
  ['a page of another port of this machine', { Origin: 'http://localhost:3000', 'Sec-Fetch-Site': 'same-site' }],
  ['a page of an old browser, without Fetch Metadata', { Origin: 'http://evil.example' }],
  ['an image of a foreign page', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': 'image' }],
  ['a name that was bound to this machine', { Host: 'evil.example' }],
  ['a name that only looks local', { Host: '127.0.0.1.evil.example' }],
]

describe('a web page of another origin', () => {
  const root = mkdtempSync(join(tmpdir(), 'mezz-page-'))
  let dev: Dev
  let own = 0
  before(async () => {
    dev = await startDev({ data: join(root, 'data'), folder: root })
    const answer = await fetch(`${dev.url}/default/train/pipelines`)
    const pid = /-(\d+)$/.exec(answer.headers.get('x-mezz-process') ?? '')?.[1]
    own = Number(/PORT=(\d+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8').replaceAll('\0', '\n'))?.[1])
  })
  after(async () => {
    await dev.stop()
    rmSync(root, { recursive: true, force: true })
  })

  for (const [what, headers] of FOREIGN) {
    it(`cannot make the platform or a function's own port do anything: ${what}`, async () => {
      const gateway = Number(new URL(dev.url).port)
      const order = JSON.stringify({ dataset: 'd', target: 't', task: 'regression' })

      assert.equal(await put(gateway, '/default/train/pipelines/stolen', headers, order), 403)
      assert.equal(await put(gateway, '/_mezz/events', headers, order), 403)
      assert.equal(await put(own, '/pipelines/stolen', headers, order), 403)
      assert.equal((await fetch(`${dev.url}/default/train/pipelines/stolen`)).status, 404)
    })
  }

  it('is refused an event route even by loopback without a token of the engine', async () => {
    assert.equal(await put(own, '/events/job-ended', {}, '{}', 'POST'), 401)
  })

  it('is no page of the platform itself, which may call', async () => {
    const { host, origin } = new URL(dev.url)

    const status = await put(
      Number(new URL(dev.url).port),
      '/default/train/pipelines/mine',
      { Host: host, Origin: origin, 'Sec-Fetch-Site': 'same-origin' },
      JSON.stringify({ dataset: 'd', target: 't', task: 'regression' }),
    )

    assert.equal(status, 201)
  })
})

function put(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  method = 'PUT',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const all = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...headers }
    const asked = request({ host: '127.0.0.1', port, path, method, headers: all }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.on('error', reject)
    asked.end(body)
  })
}
