import type { Client } from 'pg'

export interface Listener {
  /** Answers with what ends it. */
  listen(channel: string, heard: (payload: string) => void): () => void
  close(): void
}

const AGAIN = 500
const MOST = 5000

/** One connection for all channels, made when the first is listened to and made again whenever it is lost; each time everybody hears ''. */
export function listener(newClient: () => Client): Listener {
  const channels = new Map<string, Set<(payload: string) => void>>()
  let client: Client | undefined
  /** Resolves when the connection listens to all so far; the client takes one statement at a time. */
  let listening: Promise<unknown> | undefined
  let timer: NodeJS.Timeout | undefined
  let wait = AGAIN
  let closed = false

  async function connect(): Promise<void> {
    timer = undefined
    const own = newClient()
    client = own
    own.on('error', () => lost(own))
    own.on('end', () => lost(own))
    own.on('notification', ({ channel, payload }) => {
      for (const heard of channels.get(channel) ?? []) heard(payload ?? '')
    })
    try {
      await own.connect()
      // Those that are added meanwhile are gone through as well.
      for (const channel of channels.keys()) await own.query(`listen ${channel}`)
      if (client === own) listening = Promise.resolve()
      wait = AGAIN
      for (const all of channels.values()) for (const heard of all) heard('')
    } catch {
      lost(own)
    }
  }
  function lost(own: Client): void {
    if (client !== own) return
    client = undefined
    listening = undefined
    own.end().catch(() => undefined)
    if (closed || channels.size === 0) return
    clearTimeout(timer)
    timer = setTimeout(() => void connect(), wait).unref()
    wait = Math.min(MOST, wait * 2)
  }

  return {
    listen(channel, heard) {
      const all = channels.get(channel) ?? new Set()
      channels.set(channel, all)
      all.add(heard)
      if (!client && !timer) void connect()
      // A connection that is lost meanwhile listens anew to all.
      else if (all.size === 1)
        listening = listening
          ?.then(() => client?.query(`listen ${channel}`))
          .then(
            () => heard(''),
            () => undefined,
          )
      return () => all.delete(heard)
    },
    close() {
      closed = true
      clearTimeout(timer)
      client?.end().catch(() => undefined)
      client = undefined
    },
  }
}
