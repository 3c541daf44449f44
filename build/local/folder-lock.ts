import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { unlink } from 'node:fs/promises'
import type { Server } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A claim that ends with `release`, or with the process, however that ends. */
export interface Lock {
  release(): Promise<void>
}

/**
 * Claims a name for this process; `null` where another process holds it.
 * Linux: an abstract unix socket, which the kernel drops with its process (one claim a network namespace).
 * Elsewhere: a unix socket in the temporary folder; one that nobody answers on was left by a crash. (Untested on macOS.)
 */
export async function claim(name: string): Promise<Lock | null> {
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32)
  if (process.platform === 'linux') return hold(`\0mezz-${digest}`)
  return claimSocketFile(join(tmpdir(), `mezz-${digest}.sock`))
}

/** Claims by a socket file at `path`, in place of one that a dead process left. */
export async function claimSocketFile(path: string): Promise<Lock | null> {
  const lock = await hold(path)
  if (lock || (await answers(path))) return lock
  await unlink(path)
  return hold(path)
}

async function hold(address: string): Promise<Lock | null> {
  const server = createServer((socket) => socket.destroy())
  server.unref()
  try {
    server.listen(address)
    await once(server, 'listening')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return null
    throw error
  }
  return { release: () => close(server) }
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return false
    throw error
  } finally {
    socket.destroy()
  }
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  server.close()
  await once(server, 'close')
}
