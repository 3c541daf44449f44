import { createServer } from 'node:net'

// Below the range that systems take for outgoing connections: a probe of a port in that range may meet itself.
const FIRST = 20_000
const PORTS = 12_000

let next = Math.floor(Math.random() * PORTS)

/** A port of 127.0.0.1 on which nobody listens, and that this process does not hand out again soon. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS; tries++) {
    next = (next + 1) % PORTS
    if (await isFree(FIRST + next)) return FIRST + next
  }
  throw new Error(`no free port between ${FIRST} and ${FIRST + PORTS}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
