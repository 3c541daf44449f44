import { shareTestServer } from '../../runtime/env.ts'
import { startTestServer } from './postgres.ts'

// For `node --test --test-global-setup=…`: one PostgreSQL for all test files of a run, each with databases of its own.

let server: Awaited<ReturnType<typeof startTestServer>> | undefined

/** Before the first test file. */
export async function globalSetup(): Promise<void> {
  server = await startTestServer()
  shareTestServer(server.url)
}

/** After the last one. */
export async function globalTeardown(): Promise<void> {
  await server?.stop()
}
