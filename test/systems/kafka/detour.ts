import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { KafkaConnect } from '../../../runtime/adapters/kafka-sockets.ts'

/** A way to brokers that goes through us, and can be disturbed. */
export interface Detour {
  readonly connect: KafkaConnect
  /** From now on a broker's answer is lost, and its connection with it; or no longer. */
  lose(answers: boolean): void
  /** Resolves when the first answer was lost. */
  readonly lost: Promise<void>
  close(): void
}

export async function startDetour(): Promise<Detour> {
  const { promise: lost, resolve } = Promise.withResolvers<void>()
  const ends = new Set<Socket>()
  let isLosing = false
  const server = createServer((near) => {
    // Its first line says where it wants to go.
    near.once('data', (line: Buffer) => {
      const at = line.indexOf('\n')
      const far = connect(Number(line.subarray(0, at)), '127.0.0.1')
      far.write(line.subarray(at + 1))
      near.pipe(far)
      far.on('data', (answer) => {
        if (!isLosing) near.write(answer)
        else {
          near.destroy()
          resolve()
        }
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
    lose(answers) {
      isLosing = answers
    },
    lost,
    close() {
      for (const end of ends) end.destroy()
      server.close()
    },
  }
}
