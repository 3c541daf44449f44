import { mkdirSync } from 'node:fs'
import * as http from 'node:http'
import * as https from 'node:https'
import { join } from 'node:path'
import { freePort } from '../../../build/local/free-port.ts'
import { goProgram } from './go-program.ts'
import type { Server } from './server.ts'
import { startServer } from './server.ts'

/** The newest that the Go module proxy gives: it refuses MinIO's RELEASE tags. */
const VERSION = 'v0.0.0-20260212201848-7aac2a2c5b7c'

export interface MinioServer extends Server {
  readonly endpoint: string
  readonly port: number
  readonly accessKey: string
  readonly secretKey: string
}

/** One MinIO with one drive, on a port of its own, with its data in `folder`; with `certificates` (`public.crt`, `private.key`) it speaks TLS alone. */
export async function startMinio(folder: string, certificates?: string): Promise<MinioServer> {
  const command = goProgram('minio', 'github.com/minio/minio', VERSION)
  const port = await freePort()
  const endpoint = `${certificates ? 'https' : 'http'}://127.0.0.1:${port}`
  const [accessKey, secretKey] = ['minioadmin', 'minioadmin12']
  mkdirSync(folder, { recursive: true })
  const server = await startServer({
    command,
    args: [
      ...['server', '--quiet', '--address', `127.0.0.1:${port}`],
      ...['--certs-dir', certificates ?? join(folder, 'none'), join(folder, 'data')],
    ],
    env: { MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey, MINIO_BROWSER: 'off' },
    log: join(folder, 'minio.log'),
    isReady: () => answersReady(`${endpoint}/minio/health/ready`),
  })
  return Object.assign(server, { endpoint, port, accessKey, secretKey })
}

function answersReady(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const answered = ({ statusCode }: http.IncomingMessage) => resolve(statusCode === 200)
    // Whether its certificate is good is what a test asks.
    const request = url.startsWith('https:')
      ? https.get(url, { agent: false, rejectUnauthorized: false }, answered)
      : http.get(url, { agent: false }, answered)
    request.on('error', () => resolve(false))
  })
}
