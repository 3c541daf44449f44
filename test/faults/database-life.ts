import { setTimeout as wait } from 'node:timers/promises'
import { openDataFolder } from '../../build/local/data-folder.ts'
import { startPostgres } from '../../build/local/postgres.ts'

/** A PostgreSQL that keeps what it acknowledged, and is started again on its port as often as it dies. */
export interface DatabaseLife {
  /** The superuser's. */
  readonly url: string
  pid(): number
  /** Resolves when it runs. */
  standing(): Promise<void>
  stop(): Promise<void>
}

/** Milliseconds in which one that died must run again. */
const RESTART = 30_000
const AGAIN = 100

/** Starts it in a folder. */
export async function keepDatabase(path: string, died: () => void): Promise<DatabaseLife> {
  const folder = await openDataFolder(path)
  let server = await startPostgres(folder)
  const { url } = server
  const port = Number(new URL(url).port)
  let stopping = false
  let standing = Promise.resolve()
  watch()

  return {
    url,
    pid: () => server.pid,
    standing: () => standing,
    async stop() {
      stopping = true
      await standing
      await server.stop()
      await folder.close()
    },
  }

  function watch(): void {
    void server.exited.then(() => {
      if (stopping) return
      died()
      standing = standing.then(restart)
      // Whoever waits for it is told.
      standing.catch(() => undefined)
    })
  }
  /** Where its disk is full it does not start at first. */
  async function restart(): Promise<void> {
    for (const end = performance.now() + RESTART; ; ) {
      try {
        server = await startPostgres(folder, { port })
        return watch()
      } catch (error) {
        if (performance.now() > end) throw error
        await wait(AGAIN)
      }
    }
  }
}
