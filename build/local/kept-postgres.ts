import { setTimeout as wait } from 'node:timers/promises'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import type { EngineLog } from '../../triggers/engine/trigger.ts'
import type { DataFolder } from './data-folder.ts'
import { startPostgres } from './postgres.ts'

const TRY_AGAIN = 2000

export interface KeptPostgres {
  /** The superuser's, the same over restarts. */
  readonly url: string
  /** Resolves when no server is left, nor will be. */
  stop(): Promise<void>
}

/** PostgreSQL on one port for as long as the platform lives: started again when it ends by itself. Rejects with none left running. */
export async function keepPostgres(folder: DataFolder, log: EngineLog): Promise<KeptPostgres> {
  let server = await startPostgres(folder)
  const { url } = server
  const port = Number(new URL(url).port)
  const stopping = new AbortController()
  const { signal } = stopping

  async function keep(): Promise<void> {
    while (!signal.aborted) {
      const ended = await server.exited
      if (!signal.aborted) log('error', `PostgreSQL ended (${ended.signal ?? ended.code}) and is started again`)
      await startAgain()
    }
    await server.stop()
  }
  async function startAgain(): Promise<void> {
    while (!signal.aborted) {
      try {
        server = await startPostgres(folder, { port })
        return
      } catch (error) {
        log('error', 'PostgreSQL did not start', error)
        await wait(TRY_AGAIN, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  const kept = keep()
  async function stop(): Promise<void> {
    stopping.abort()
    await Promise.all([server.stop(), kept])
  }
  try {
    await keepOut(url)
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The server's own databases are no place for the roles of functions: a session or a lock there could hold up the making of others. */
async function keepOut(url: string): Promise<void> {
  const admin = openDatabase({ url, most: 1, name: 'mezz prepare' })
  try {
    await admin.script('revoke connect on database postgres, template1 from public')
  } finally {
    await admin.close()
  }
}
