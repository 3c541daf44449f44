import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import type { DataFolder } from '../../build/local/data-folder.ts'
import { openDataFolder } from '../../build/local/data-folder.ts'
import type { Postgres } from '../../build/local/postgres.ts'
import { startPostgres } from '../../build/local/postgres.ts'
import { ask, begin, CELLS, predict, published, someRow } from './chain.ts'
import { eventually } from './eventually.ts'
import type { Dev } from './mezz-dev.ts'
import { processesOf, startDev } from './mezz-dev.ts'

const LONGEST_MS = 2000

const Status = z.object({
  missing: z.array(z.string()),
  functions: z.array(z.object({ name: z.string(), processes: z.number() })),
})

describe('predict while PostgreSQL', () => {
  let root = ''
  let postgres: Postgres
  let dev: Dev
  let row: Record<string, unknown> = {}
  let folder: DataFolder

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mezz-down-'))
    folder = await openDataFolder(join(root, 'server'))
    postgres = await startPostgres(folder)
    dev = await start()
    await begin(dev.url, CELLS)
    await published(dev.url, 'cells')
    row = await someRow(dev.url, 'cells')
    await predict(dev.url, 'cells', [row])
  })
  after(async () => {
    signalServer('SIGCONT')
    await dev.stop()
    await postgres.stop()
    await folder.close()
    await rm(root, { recursive: true, force: true })
  })

  function start(): Promise<Dev> {
    return startDev({ data: join(root, 'data'), folder: root, idle: '1s', env: { DATABASE_URL: postgres.url } })
  }
  function signalServer(signal: NodeJS.Signals): void {
    for (const pid of processesOf(join(root, 'server'))) {
      try {
        process.kill(pid, signal)
      } catch (error) {
        // A backend may end between the look and the signal.
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
      }
    }
  }
  async function answersSoon(): Promise<void> {
    const begun = performance.now()
    await predict(dev.url, 'cells', [row])
    assert.ok(performance.now() - begun < LONGEST_MS)
  }
  async function isAtZero(): Promise<void> {
    await eventually('no process of infer', async () => {
      const { functions } = await ask(`${dev.url}/_mezz/status`, Status)
      return functions.find(({ name }) => name === 'infer')?.processes === 0
    })
  }

  it('hangs: warm, and from zero processes', async () => {
    signalServer('SIGSTOP')

    await answersSoon()
    await isAtZero()
    await answersSoon()

    signalServer('SIGCONT')
  })

  it('has ended: warm, and from zero processes', async () => {
    await postgres.stop()

    await answersSoon()
    await isAtZero()
    await answersSoon()
  })

  it('is not there at the start of mezz dev, which says so and takes it up when it comes', async () => {
    assert.equal(await dev.stop(), 0, dev.lines.join('\n'))

    dev = await start()

    assert.ok(dev.lines.some((line) => line.startsWith('ready ')))
    await eventually('a line that says what is missing', async () =>
      dev.lines.some((line) => line.startsWith('missing PostgreSQL')),
    )
    await answersSoon()
    postgres = await startPostgres(folder, { port: Number(new URL(postgres.url).port) })
    await eventually('nothing missing', async () => (await ask(`${dev.url}/_mezz/status`, Status)).missing.length === 0)
    await eventually('an answer of ingest', async () => (await fetch(`${dev.url}/default/ingest/datasets`)).ok)
  })
})
