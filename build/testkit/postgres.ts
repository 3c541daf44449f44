import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sharedTestServer } from '../../runtime/env.ts'
import { openDataFolder } from '../local/data-folder.ts'
import { startPostgres } from '../local/postgres.ts'

const PLACE = join(tmpdir(), 'mezz-test-')

interface Server {
  readonly url: string
  readonly folder: string
}

let started: Promise<Server> | undefined

/** The PostgreSQL of this test run or, where it has none, of this test file; started when first asked for, it ends with the process. */
export function testPostgres(): Promise<Server> {
  started ??= open()
  return started
}

/** A PostgreSQL for tests: quick, and a power cut loses everything. */
export async function startTestServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(PLACE)
  const data = await openDataFolder(folder)
  const postgres = await startPostgres(data, { durable: false })
  return {
    url: postgres.url,
    async stop() {
      await postgres.stop()
      await data.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function open(): Promise<Server> {
  const folder = await mkdtemp(PLACE)
  const shared = sharedTestServer()
  const own = shared === undefined ? await startTestServer() : undefined
  // Test files end when nothing is left to do: by then no test is under way.
  process.once('beforeExit', async () => {
    await own?.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return { url: shared ?? own?.url ?? '', folder }
}
