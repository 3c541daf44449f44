import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { KafkaConnect } from '../../../runtime/adapters/kafka-sockets.ts'

/** A way to brokers that goes through us, and can be disturbed. */
export interface Detour {
  readonly connect: KafkaConnect
  /** From now on what brokers answer is lost on the way, or no longer. */
  swallow(answers: boolean): void
  /** Resolves when an answer was lost; at once, if one was. */
  readonly swallowed: Promise<void>
  /** Ends all connections. */
  cut(): void
  close(): void
}

export async function startDetour(): Promise<Detour> {
  const { promise: swallowed, resolve } = Promise.withResolvers<void>()
  const ends = new Set<Socket>()
  let isSwallowing = false
  const server = createServer((near) => {
    // Its first line says where it wants to go.
    near.once('data', (line: Buffer) => {
      const at = line.indexOf('\n')
      const far = connect(Number(line.subarray(0, at)), '127.0.0.1')
      far.write(line.subarray(at + 1))
      near.pipe(far)
      far.on('data', (answer) => {
        if (isSwallowing) resolve()
        else near.write(answer)
      })
      for (const [end, other] of [
        [near, far],
        [far, near],
      ] as const) {
        ends.add(end)
        end.on('error', () => other.destroy())
        end.on('close', () => {
          ends.delete(end)
          other.destroy()
        })
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // A TCP server has one.

  return {
    connect(to) {
      const socket = connect(port, '127.0.0.1')
      socket.write(`${to.port}\n`)
      return socket
    },
    swallow(answers) {
      isSwallowing = answers
    },
    swallowed,
    cut() {
      for (const end of ends) end.destroy()
    },
    close() {
      for (const end of ends) end.destroy()
      server.close()
    },
  }
}
