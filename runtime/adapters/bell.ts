import type { Database } from './postgres.ts'
import { waitingRoom } from './waiting-room.ts'

/** Resolves at the next notification of the channel, at the latest after `most` ms, or when the signal ends. */
export type Bell = (signal: AbortSignal) => Promise<void>

/** A bell for one channel; connects with its first use, and a lost notification costs no more than `most` ms. */
export function bell(database: Database, channel: string, most = 5000): Bell {
  const room = waitingRoom()
  let listening = false

  return function rung(signal) {
    if (!listening) database.listen(channel, () => room.call(''))
    listening = true
    return room.wait('', most, signal)
  }
}
