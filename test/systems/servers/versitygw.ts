import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../../build/local/free-port.ts'
import { goProgram } from './go-program.ts'
import type { Server } from './server.ts'
import { startServer } from './server.ts'

export interface VersitygwServer extends Server {
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
}

/** A second S3 server, of other makers: Versity's gateway over a folder, which keeps versions. */
export async function startVersitygw(folder: string): Promise<VersitygwServer> {
  const command = goProgram('versitygw', 'github.com/versity/versitygw/cmd/versitygw', 'v1.8.0')
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const [accessKey, secretKey] = ['versity', 'versity-secret']
  const [data, versions] = [join(folder, 'data'), join(folder, 'versions')]
  for (const made of [data, versions]) mkdirSync(made, { recursive: true })
  const server = await startServer({
    command,
    args: ['--port', `127.0.0.1:${port}`, '--health', '/health', 'posix', '--versioning-dir', versions, data],
    env: { ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
    log: join(folder, 'versitygw.log'),
    isReady: () =>
      fetch(`${endpoint}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
  })
  return Object.assign(server, { endpoint, accessKey, secretKey })
}
