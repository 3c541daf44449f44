import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { request as ask } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createGateway } from '../../../build/local/gateway.ts'
import type { PoolOptions } from '../../../build/local/pool.ts'
import { Pool } from '../../../build/local/pool.ts'
import type { LogLine } from '../../../build/local/process.ts'
import type { Declared, Program } from '../../../build/local/program.ts'

export const SERVER = fileURLToPath(new URL('server.js', import.meta.url))

export function temporary(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'mezz-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The fixture server as a command; `file` is another one. */
export function program(definition: Partial<Declared> = {}, env: Record<string, string> = {}, file = SERVER): Program {
  return {
    definition: { name: 'toy', scope: 'toy:use', ...definition },
    run: { command: [process.execPath, file], cwd: tmpdir() },
    env: { PATH: process.env['PATH'] ?? '', ...env },
  }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** A gateway on a free port with one pool, all ended after the test. */
export async function setup(t: TestContext, of: Program = program(), options: Partial<PoolOptions> = {}) {
  const lines: LogLine[] = []
  const pool = new Pool(of, {
    idle: 60_000,
    grace: 500,
    runFolder: join(temporary(t), 'run'),
    log: (line) => void lines.push(line),
    ...options,
  })
  const gateway = createGateway({
    team: 'default',
    pools: new Map([[pool.name, pool]]),
    platform: async (request) =>
      request.url.endsWith('/early')
        ? Response.json({}, { status: 413 })
        : Response.json({ url: request.url, body: await request.text() }),
  })
  const port = await gateway.listen(0)
  t.after(async () => {
    await gateway.drain(0)
    await pool.drain(0)
  })
  return { pool, gateway, port, lines, get: (path: string, asked?: Asked) => get(port, path, asked) }
}

/** One request on a connection of its own, with exactly these headers beside `Host`. */
export function get(port: number, path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = ask({ host: '127.0.0.1', port, path, method, headers, agent: false }, async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) text += chunk
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
    })
    request.once('error', reject)
    request.end(body)
  })
}

/** Resolves when it holds; asks often, and leaves it to the runner to end a wait that is in vain. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
}
