import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Server as NetServer } from 'node:net'

/** Milliseconds without a request after which a kept connection can be closed without meeting one on its way. */
const QUIET = 500

/**
 * Watches a server from its start; the function it gives back drains it: no new connection, each answer says
 * `Connection: close`, what is in flight ends, idle connections close. Resolves when the last connection is gone.
 */
export function drainable(server: Server): () => Promise<void> {
  const inFlight = new Map<ServerResponse, Socket>()
  const lastUsed = new Map<Socket, number>()
  let draining = false
  const busy = (socket: Socket): boolean => [...inFlight.values()].includes(socket)
  // A client that has just been answered may be sending its next request: closed now, it would see it fail.
  const closeWhenQuiet = (socket: Socket): void => {
    const wait = (lastUsed.get(socket) ?? 0) + QUIET - performance.now()
    if (wait > 0) setTimeout(closeWhenQuiet, wait, socket)
    else if (!busy(socket)) socket.end(() => socket.destroy())
  }

  server.on('connection', (socket) => {
    lastUsed.set(socket, -QUIET)
    socket.once('close', () => lastUsed.delete(socket))
  })
  // Before the listener that answers: it may do so at once.
  server.prependListener('request', (_request, response) => {
    const { socket } = response
    if (!socket) return
    inFlight.set(response, socket)
    if (draining) response.setHeader('Connection', 'close')
    response.once('close', () => {
      inFlight.delete(response)
      if (socket.destroyed) return
      lastUsed.set(socket, performance.now())
      if (draining) closeWhenQuiet(socket)
    })
  })

  return function drain() {
    draining = true
    for (const response of inFlight.keys()) if (!response.headersSent) response.setHeader('Connection', 'close')
    return new Promise((resolve) => {
      // Of node:net, since that of node:http closes the idle connections at once.
      NetServer.prototype.close.call(server, () => resolve())
      for (const socket of lastUsed.keys()) if (!busy(socket)) closeWhenQuiet(socket)
    })
  }
}
