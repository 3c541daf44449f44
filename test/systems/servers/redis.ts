import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../../../build/local/free-port.ts'
import { kept } from './cache.ts'
import type { Server } from './server.ts'
import { startServer } from './server.ts'

/** Debian's package of the server with those of its libraries that a small machine may lack. */
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1']

export interface RedisServer extends Server {
  readonly port: number
  /** Of the user who may do anything. */
  readonly url: string
}

/** One Redis on a port of its own, with its data in `folder`; `settings` are lines of its configuration (`maxmemory 4mb`). */
export async function startRedis(folder: string, settings: readonly string[] = []): Promise<RedisServer> {
  const { command, libraries } = redisProgram()
  const port = await freePort()
  mkdirSync(folder, { recursive: true })
  const server = await startServer({
    command,
    args: [
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--enable-debug-command', 'local'],
      ...settings.flatMap((line) => {
        const [name = '', ...values] = line.split(' ')
        return [`--${name}`, ...values]
      }),
    ],
    env: libraries === null ? {} : { LD_LIBRARY_PATH: libraries },
    log: join(folder, 'redis.log'),
    isReady: () => answersPing(port),
  })
  return Object.assign(server, { port, url: `redis://127.0.0.1:${port}` })
}

function redisProgram(): { readonly command: string; readonly libraries: string | null } {
  if (spawnSync('redis-server', ['--version']).status === 0) return { command: 'redis-server', libraries: null }
  const folder = kept('redis-7', (making) => {
    try {
      // Root's apt would warn that its other user cannot read the folder.
      const asked = ['download', '-o', 'APT::Sandbox::User=root', ...PACKAGES]
      execFileSync('apt-get', asked, { cwd: making, stdio: ['ignore', 'ignore', 'inherit'] })
      for (const file of globSync('*.deb', { cwd: making }))
        execFileSync('dpkg', ['-x', file, '.'], { cwd: making, stdio: 'inherit' })
    } catch (cause) {
      throw new Error('no Redis for this test: install redis-server, or run it where apt-get has that package', {
        cause,
      })
    }
  })
  const [libraries = ''] = globSync(join(folder, 'usr/lib/*-linux-gnu'))
  return { command: join(folder, 'usr/bin/redis-server'), libraries }
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('error', () => end(false))
    socket.on('close', () => resolve(false))
    socket.on('data', (data) => end(data.toString().startsWith('+PONG')))
    socket.write('PING\r\n')
  })
}
