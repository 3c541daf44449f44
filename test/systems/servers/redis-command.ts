import { once } from 'node:events'
import { connect } from 'node:net'

/** Asks a Redis one thing, in its plain protocol and apart from the client under test; answers with the reply as it comes. An error of the server is thrown. */
export async function redisCommand(port: number, ...words: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`)
    let reply = ''
    for await (const chunk of socket) {
      reply += chunk
      if (isWhole(reply)) break
    }
    if (reply.startsWith('-')) throw new Error(reply.slice(1).trim())
    return reply
  } finally {
    socket.destroy()
  }
}

/** A counter of the server's INFO. */
export async function redisCount(port: number, name: string): Promise<number> {
  const info = await redisCommand(port, 'INFO', 'everything')
  const [, value] = new RegExp(`^${name}:(\\d+)`, 'm').exec(info) ?? []
  if (value === undefined) throw new Error(`INFO has no ${name}`)
  return Number(value)
}

function isWhole(reply: string): boolean {
  if (!reply.endsWith('\r\n')) return false
  const [, bytes] = /^\$(\d+)\r\n/.exec(reply) ?? []
  return bytes === undefined || Buffer.byteLength(reply) >= Number(bytes) + bytes.length + 5
}
