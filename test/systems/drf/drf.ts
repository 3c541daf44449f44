import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { eventually } from '../../platform/eventually.ts'
import type { Dev } from '../../platform/mezz-dev.ts'
import { startDev } from '../../platform/mezz-dev.ts'
import { pythonWith } from '../python-packages.ts'

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const SECRET_KEY = randomBytes(40).toString('base64url')
const PASSWORD = randomBytes(12).toString('base64url')
/** The row for SimpleJWT with its defaults: HS256 by Django's SECRET_KEY, neither `iss` nor `aud`, the user in `user_id`. */
const ROW = {
  issuer: null,
  audience: null,
  secret: SECRET_KEY,
  algorithms: ['HS256'],
  require: { token_type: 'access' },
  claims: { user: 'user_id' },
  prefix: 'shop:',
  team: 'default',
  scopes: ['datasets:write', 'platform:read'],
}

const Pair = z.object({ access: z.string(), refresh: z.string() })
const Others = z.object({ refresh: z.string(), expired: z.string(), of_nobody: z.string() })
const Flows = z.object({
  items: z.array(z.object({ steps: z.array(z.object({ event: z.string(), authid: z.string().optional() })) })),
})
const Problem = z.object({ errors: z.tuple([z.object({ reason: z.string() })]) })

describe('a Django REST Framework service with SimpleJWT', { timeout: 300_000 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'mezz-drf-'))
  const python = pythonWith(here('requirements.txt'))
  let dev: Dev
  let shop: ChildProcess
  let url = ''
  before(async () => {
    dev = await startDev({ data: join(root, 'data'), folder: root, env: { MEZZ_ISSUERS: JSON.stringify([ROW]) } })
    shop = spawn(python, [here('shop.py')], {
      env: { SECRET_KEY, PASSWORD, DATABASE: join(root, 'shop.sqlite3'), MEZZ: dev.url },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    assert.ok(shop.stdout)
    const [line] = await Promise.race([
      once(createInterface(shop.stdout), 'line'),
      once(shop, 'exit').then(() => Promise.reject(new Error('the service ended'))),
    ])
    url = `http://127.0.0.1:${/^ready (\d+)$/.exec(String(line))?.[1]}`
  })
  after(async () => {
    shop?.kill()
    await dev?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  async function signIn(): Promise<z.infer<typeof Pair>> {
    const answer = await post(`${url}/token/`, { username: 'ada', password: PASSWORD })
    return Pair.parse(await answer.json())
  }
  /** Asks Mezz itself; answers with the status and the reason code of a refusal. */
  async function ask(token: string): Promise<string> {
    const answer = await fetch(`${dev.url}/default/ingest/datasets`, { headers: { authorization: `Bearer ${token}` } })
    const body: unknown = await answer.json()
    return answer.ok ? '200' : `${answer.status} ${Problem.parse(body).errors[0].reason}`
  }

  it('calls Mezz with the token of its own user, who stands in the flow run', async () => {
    const { access } = await signIn()

    const stored = await post(`${url}/orders/`, { csv: 'order,price\n1,10\n2,20\n' }, access)

    assert.equal(stored.status, 201, await stored.text())
    await eventually('the flow run', async () => {
      const answer = await fetch(`${dev.url}/_mezz/flows`, { headers: { authorization: `Bearer ${access}` } })
      const [flow] = Flows.parse(await answer.json()).items
      return flow?.steps.some(
        ({ event, authid }) => event === 'mezz.dataset.ingested.v1' && authid === 'default/shop:1',
      )
    })
  })

  it('is let in by an access token that has not expired, and by nothing else that it signs', async () => {
    const { access, refresh } = await signIn()
    const { expired, of_nobody, ...more } = Others.parse(await (await fetch(`${url}/others/`)).json())

    assert.equal(await ask(access), '200')
    assert.equal(await ask(refresh), '401 token_claim')
    assert.equal(await ask(more.refresh), '401 token_claim')
    assert.equal(await ask(expired), '401 token_expired')
    assert.equal(await ask(of_nobody), '401 token_claim')
    assert.equal(await ask(`${access.slice(0, -6)}AAAAAA`), '401 token_signature')
  })

  it('may do what its row says and nothing else', async () => {
    const { access } = await signIn()

    const answer = await fetch(`${dev.url}/default/train/pipelines`, { headers: { authorization: `Bearer ${access}` } })

    assert.equal(answer.status, 403)
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer error="insufficient_scope", scope="models:write"')
  })
})

function post(url: string, body: unknown, token?: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
  })
}
