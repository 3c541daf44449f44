import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import * as z from 'zod'
import { freePort } from '../../../build/local/free-port.ts'
import { nginxConfiguration } from '../../../build/nginx.ts'
import type { Dev } from '../../platform/mezz-dev.ts'
import { startDev } from '../../platform/mezz-dev.ts'
import { debian } from '../servers/debian.ts'
import type { Server } from '../servers/server.ts'
import { startServer } from '../servers/server.ts'

const MIB = 1024 * 1024
const NAME = 'ai.example'
/** A program that sends its second line when it is asked to, and so not before the first one has arrived. */
const LINES = `import { createServer } from 'node:http'
let waiting
createServer((request, response) => {
  if (request.url === '/next') {
    waiting?.end('data: second\\n\\n')
    return response.end()
  }
  waiting = response
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('data: first\\n\\n')
}).listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
`
const DECLARED = `import { defineCommand } from 'mezz/define'
export default defineCommand({ name: 'lines', summary: 'Lines', scope: 'lines', command: ['node', 'server.mjs'] })
`
const Problem = z.object({ code: z.string(), errors: z.array(z.object({ reason: z.string() })).optional() })

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

describe('nginx in front of mezz dev', { timeout: 300_000 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'mezz-nginx-'))
  let dev: Dev
  let server: Server
  let port = 0
  let token = ''
  before(async () => {
    const program = join(debian('nginx', ['nginx', 'nginx-common']), 'usr/sbin/nginx')
    mkdirSync(join(root, 'functions/lines'), { recursive: true })
    writeFileSync(join(root, 'functions/lines/server.mjs'), LINES)
    writeFileSync(join(root, 'functions/lines/function.ts'), DECLARED)
    dev = await startDev({ data: join(root, 'data'), folder: root })
    const launcher = resolve('build/launch.js')
    token = (await promisify(execFile)(process.execPath, [launcher, 'token', '--data', dev.data])).stdout.trim()
    port = await freePort()
    const file = join(root, 'nginx.conf')
    writeFileSync(
      file,
      `daemon off; pid ${root}/nginx.pid; error_log ${root}/error.log; worker_processes 1; user root;
events {}
http {
  access_log off;
  client_body_temp_path ${root}/body; proxy_temp_path ${root}/proxy; fastcgi_temp_path ${root}/fastcgi;
  uwsgi_temp_path ${root}/uwsgi; scgi_temp_path ${root}/scgi;
${nginxConfiguration({ serverName: NAME, upstream: dev.url, listen: `127.0.0.1:${port}` })}}`,
    )
    server = await startServer({
      command: program,
      args: ['-p', root, '-c', file],
      log: join(root, 'nginx.log'),
      isReady: () =>
        fetch(`http://127.0.0.1:${port}/`).then(
          () => true,
          () => false,
        ),
    })
  })
  after(async () => {
    await server?.stop()
    await dev?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  function ask(path: string, headers: Readonly<Record<string, string>>, { method = 'GET', body = '' } = {}) {
    return new Promise<Answer>((done, failed) => {
      const asked = request(
        { host: '127.0.0.1', port, path, method, headers: { Host: NAME, ...headers } },
        async (answer) => {
          let text = ''
          for await (const part of answer) text += part
          done({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', body: text })
        },
      )
      asked.on('error', failed)
      asked.end(body)
    })
  }
  const bearer = () => ({ Authorization: `Bearer ${token}` })
  const reasonOf = ({ body }: Answer) => Problem.parse(JSON.parse(body)).errors?.[0]?.reason

  for (const [what, headers] of Object.entries({
    'by the name of the proxy': {},
    'by a name of the machine': { Host: 'localhost' },
    'by the address of the machine': { Host: '127.0.0.1:8080' },
    'who says to be at home': { Host: 'localhost', 'X-Forwarded-For': '127.0.0.1', 'X-Real-IP': '127.0.0.1' },
    'who says to have another kind of credential': { Authorization: 'Basic YTpi' },
  })) {
    it(`lets nobody be the developer ${what}`, async () => {
      for (const path of ['/default/train/pipelines', '/_mezz/status']) {
        const answer = await ask(path, headers)
        assert.equal(answer.status, 401, answer.body)
        assert.match(answer.type, /^application\/problem\+json/)
      }
    })
  }

  it('leaves the developer on the machine itself alone', async () => {
    assert.equal((await fetch(`${dev.url}/default/train/pipelines`)).status, 200)
  })

  it('lets a token in, and refuses it from a page of another origin', async () => {
    const path = '/default/train/pipelines'

    assert.equal((await ask(path, bearer())).status, 200)
    assert.equal((await ask(path, { ...bearer(), Origin: `http://${NAME}` })).status, 200)
    const foreign = await ask(path, { ...bearer(), Origin: 'https://evil.example' })
    assert.equal(foreign.status, 403)
    assert.equal(reasonOf(foreign), 'foreign_page')
    assert.equal(reasonOf(await ask(path, { ...bearer(), 'Sec-Fetch-Site': 'cross-site' })), 'foreign_page')
    assert.equal(reasonOf(await ask(path, { Authorization: 'Bearer nonsense' })), 'token_malformed')
  })

  it('passes errors on as problem+json', async () => {
    const answer = await ask('/default/nobody/x', bearer())

    assert.equal(answer.status, 404)
    assert.match(answer.type, /^application\/problem\+json/)
    assert.equal(Problem.parse(JSON.parse(answer.body)).code, 'not_found')
  })

  it('passes each line of a progress stream on before the next one is there', async () => {
    const answer = await new Promise<IncomingMessage>((done, failed) => {
      const headers = { Host: NAME, ...bearer() }
      request({ host: '127.0.0.1', port, path: '/default/lines/', headers }, done).on('error', failed).end()
    })
    const lines: string[] = []
    for await (const part of answer) {
      lines.push(String(part).trim())
      if (lines.length === 1) assert.equal((await ask('/default/lines/next', bearer())).status, 200)
    }

    assert.deepEqual(lines, ['data: first', 'data: second'])
  })

  it('streams a body of 192 MiB on with the memory of nginx flat', async () => {
    const line = `${'1234567,'.repeat(127)}12345\n`
    const rows = Buffer.from(line.repeat(1024))
    const parts = Math.ceil((192 * MIB) / rows.length)
    const header = `${Array.from({ length: 128 }, (_, at) => `c${at}`).join(',')}\n`
    const asked = request({
      host: '127.0.0.1',
      port,
      path: '/default/ingest/datasets?name=big',
      method: 'POST',
      headers: { Host: NAME, 'Content-Type': 'text/csv', ...bearer() },
    })
    const answered = new Promise<Answer>((done, failed) => {
      asked.on('error', failed)
      asked.on('response', async (answer) => {
        let text = ''
        for await (const part of answer) text += part
        done({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', body: text })
      })
    })
    let most = 0
    async function* body() {
      yield header
      for (let at = 0; at < parts; at++) {
        most = Math.max(most, memoryOf(server.pid))
        yield rows
      }
    }
    await pipeline(Readable.from(body()), asked)
    const answer = await answered

    assert.ok([200, 201].includes(answer.status), answer.body)
    assert.ok(most < 64 * MIB, `${most} bytes`)
  })
})

/** Bytes of memory that a process and its children hold. */
function memoryOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  return [String(pid), ...children].reduce((sum, one) => {
    const [, kibibytes = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one}/status`, 'utf8')) ?? []
    return sum + Number(kibibytes) * 1024
  }, 0)
}
