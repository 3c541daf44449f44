import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as z from 'zod'
import { ask, begin, CELLS, published } from '../platform/chain.ts'
import type { Dev } from '../platform/mezz-dev.ts'
import { startDev } from '../platform/mezz-dev.ts'
import { pythonWith } from '../systems/python-packages.ts'

/** Of all functions together; 300 is a long run. */
const SECONDS = Number(process.env['SECONDS'] ?? 60)
/** That of an earlier run makes the same requests again. */
const SEED = process.env['SEED']
const FUNCTIONS = ['ingest', 'annotate', 'features', 'train', 'convert', 'publish', 'infer']
/** The functions, and the platform's own routes. */
const PLACES = [...FUNCTIONS.map((name) => `default/${name}`), '_mezz']
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'use_after_free',
]

const Status = z.object({ functions: z.array(z.object({ name: z.string() })) })

describe('requests made from the OpenAPI document', { timeout: (SECONDS + 240) * 1000 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'mezz-fuzz-'))
  const python = pythonWith(fileURLToPath(new URL('requirements.txt', import.meta.url)))
  let dev: Dev
  before(async () => {
    dev = await startDev({ data: join(root, 'data'), folder: root })
    await begin(dev.url, CELLS)
    await published(dev.url, 'cells')
  })
  after(async () => {
    await dev?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  it('are made of every function that there is', async () => {
    const { functions } = await ask(`${dev.url}/_mezz/status`, Status)

    assert.deepEqual(functions.map(({ name }) => name).sort(), FUNCTIONS.toSorted())
  })

  for (const place of PLACES) {
    it(`get no 5xx and no answer that it does not describe: ${place}`, async (t) => {
      const url = `${dev.url}/${place}`
      const options = ['--max-time', String(Math.ceil(SECONDS / PLACES.length)), '--checks', CHECKS.join(',')]

      // It ends with 1 where a check failed, and says which, with a curl command that shows it.
      const said = await run(join(dirname(python), 'schemathesis'), [
        ...['run', `${url}/openapi.json`, '--url', url, ...options, '--continue-on-failure', '--no-color'],
        ...['--request-timeout', '30', '--warnings', 'off', ...(SEED ? ['--seed', SEED] : [])],
      ])

      const [, made = '0'] = /(\d+) generated, \1 passed/.exec(said) ?? []
      t.diagnostic(`${made} requests`)
      assert.ok(Number(made) > 0, said)
    })
  }
})

async function run(command: string, args: readonly string[]): Promise<string> {
  const ended = promisify(execFile)(command, args, { maxBuffer: 64 * 2 ** 20, cwd: tmpdir() })
  const { stdout } = await ended.catch((error: unknown) => {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
    return assert.fail(said || String(error))
  })
  return stdout
}
