import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDataFolder } from '../local/data-folder.ts'
import { startPostgres } from '../local/postgres.ts'

interface Server {
  readonly url: string
  readonly folder: string
}

let started: Promise<Server> | undefined

/** The PostgreSQL of this test file, started when first asked for; it ends with the process. */
export function testPostgres(): Promise<Server> {
  started ??= start()
  return started
}

async function start(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'mezz-test-'))
  const data = await openDataFolder(folder)
  const postgres = await startPostgres(data, { durable: false })
  // Test files end when nothing is left to do: by then no test is under way.
  process.once('beforeExit', async () => {
    await postgres.stop()
    await data.close()
    await rm(folder, { recursive: true, force: true })
  })
  return { url: postgres.url, folder }
}
