import type { Socket } from 'node:net'
import { connect, isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { connect as connectTls } from 'node:tls'

export interface KafkaAddress {
  readonly host: string
  readonly port: number
  /** Given where the connection is to be TLS. */
  readonly tls?: ConnectionOptions
}

/** Begins a connection to a broker. */
export type KafkaConnect = (to: KafkaAddress) => Socket

/** The connections of one client, which can all be ended at once: then it can neither send nor read any more. */
export interface KafkaSockets {
  connect(to: KafkaAddress, connected: () => void): Socket
  cut(): void
}

const KEEP_ALIVE = 60_000

export const connectKafka: KafkaConnect = ({ host, port, tls }) =>
  tls ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...tls }) : connect({ host, port })

export function kafkaSockets(begin: KafkaConnect = connectKafka): KafkaSockets {
  const open = new Set<Socket>()
  let isCut = false

  return {
    connect(to, connected) {
      if (isCut) throw new Error('this client was given up')
      const socket = begin(to)
      open.add(socket)
      // kafkajs takes leave of a connection that is gone more than once, and adds a listener each time.
      socket.setKeepAlive(true, KEEP_ALIVE).setNoDelay().setMaxListeners(0)
      socket.once(to.tls ? 'secureConnect' : 'connect', connected)
      socket.once('close', () => open.delete(socket))
      return socket
    },
    cut() {
      isCut = true
      // kafkajs listens to errors and ends, not to `close`.
      for (const socket of open) socket.destroy(new Error('this client was given up'))
    },
  }
}
