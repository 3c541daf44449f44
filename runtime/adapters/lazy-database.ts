import type { Database, DatabaseOptions } from './postgres.ts'

/** The database of `openDatabase`, whose client is loaded with the first use: what answers without it starts without it. */
export function lazyDatabase(options: DatabaseOptions): Database {
  let opening: Promise<Database> | undefined
  function open(): Promise<Database> {
    opening ??= import('./postgres.ts').then(({ openDatabase }) => openDatabase(options))
    return opening
  }

  return {
    query: async (text, ...values) => (await open()).query(text, ...values),
    transaction: async (work) => (await open()).transaction(work),
    script: async (text) => (await open()).script(text),
    listen(channel, heard) {
      const listening = open().then((database) => database.listen(channel, heard))
      return () => void listening.then((end) => end())
    },
    holding: async (...held) => (await open()).holding(...held),
    tryLock: async (lock) => (await open()).tryLock(lock),
    close: async () => (await opening)?.close(),
  }
}
