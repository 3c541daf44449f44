import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the range that systems take for outgoing connections: a probe of a port in that range may meet itself.
const FIRST = 20_000
const PORTS = 12_000

let next = Math.floor(Math.random() * PORTS)

/** A port of 127.0.0.1 that nobody uses, and that no platform on this machine hands out until it is released. */
export interface ReservedPort {
  readonly port: number
  release(): void
}

/** A port on 127.0.0.1 that nobody uses just now. */
export async function freePort(): Promise<number> {
  const { port, release } = await reservePort()
  release()
  return port
}

/** Reserves a port for a process that will listen on it: between our look and its listening somebody else may look too. */
export async function reservePort(): Promise<ReservedPort> {
  for (let tries = 0; tries < PORTS; tries++) {
    next = (next + 1) % PORTS
    const port = FIRST + next
    // The UDP port of the same number is the mark that other platforms see; it is gone when we are.
    const mark = createSocket('udp4')
    if (await binds(mark, () => mark.bind({ port, address: '127.0.0.1', exclusive: true }))) {
      mark.unref()
      const server = createServer()
      if (await binds(server, () => server.listen(port, '127.0.0.1'))) {
        server.close()
        await once(server, 'close')
        return { port, release: () => mark.close() }
      }
    }
    mark.close()
  }
  throw new Error(`no free port between ${FIRST} and ${FIRST + PORTS}`)
}

async function binds(socket: NodeJS.EventEmitter, bind: () => void): Promise<boolean> {
  const bound = once(socket, 'listening')
  bind()
  try {
    await bound
    return true
  } catch {
    // Somebody has it; which of the ways it can be taken does not matter.
    return false
  }
}
