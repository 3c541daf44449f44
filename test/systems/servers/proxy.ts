import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

type Direction = 'request' | 'answer'

/** A network that can be spoilt, between a client and a server on 127.0.0.1. */
export interface TcpProxy {
  readonly port: number
  /** Bytes that have gone through. */
  readonly bytes: Readonly<Record<Direction, number>>
  /** From now on nothing goes on in either direction, and nobody is told: a half-open connection. */
  hold(): void
  release(): void
  /** Every piece of bytes goes on so many milliseconds later. */
  delay(milliseconds: number): void
  /** Breaks what is connected now; new connections are refused until `mend`. */
  cut(): void
  mend(): void
  /** Breaks the connection on which so many more bytes of answers have gone through, once. */
  cutAfter(answerBytes: number): void
  /** What each piece of bytes becomes; by default itself. */
  change(how: (piece: Buffer, direction: Direction) => Buffer): void
  close(): Promise<void>
}

/** Listens on a port of its own and passes on to the server's. */
export async function startProxy(to: number): Promise<TcpProxy> {
  const bytes = { request: 0, answer: 0 }
  const sockets = new Set<Socket>()
  let gate = Promise.withResolvers<void>()
  gate.resolve()
  let milliseconds = 0
  let isCut = false
  let cutAt = Number.POSITIVE_INFINITY
  let changed = (piece: Buffer, _: Direction) => piece

  async function pump(from: Socket, into: Socket, direction: Direction): Promise<void> {
    for await (const piece of from) {
      if (milliseconds > 0) await wait(milliseconds)
      await gate.promise
      let passed = changed(piece, direction)
      if (direction === 'answer' && bytes.answer + passed.length >= cutAt) {
        passed = passed.subarray(0, cutAt - bytes.answer)
        cutAt = Number.POSITIVE_INFINITY
        into.write(passed, () => into.destroy())
        from.destroy()
      } else if (!into.write(passed)) {
        await Promise.race([once(into, 'drain'), once(into, 'close')])
      }
      bytes[direction] += passed.length
    }
    into.end()
  }

  const server = createServer((client) => {
    if (isCut) return client.resetAndDestroy()
    const upstream = connect(to, '127.0.0.1')
    for (const [from, into, direction] of [
      [client, upstream, 'request'],
      [upstream, client, 'answer'],
    ] as const) {
      sockets.add(from)
      from.on('error', () => into.destroy())
      from.on('close', () => sockets.delete(from))
      // What breaks off here breaks off there.
      pump(from, into, direction).catch(() => into.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }

  return {
    port: address.port,
    bytes,
    hold() {
      gate = Promise.withResolvers()
    },
    release: () => gate.resolve(),
    delay(given) {
      milliseconds = given
    },
    cut() {
      isCut = true
      cut()
    },
    mend() {
      isCut = false
    },
    cutAfter(answerBytes) {
      cutAt = bytes.answer + answerBytes
    },
    change(how) {
      changed = how
    },
    async close() {
      gate.resolve()
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}
