import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import * as http from 'node:http'
import * as https from 'node:https'
import { join } from 'node:path'
import { freePort } from '../../../build/local/free-port.ts'
import { kept } from './cache.ts'
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

/** MinIO's program, built once (some minutes) and kept. */
export function minioProgram(): string {
  const folder = kept(`minio-${VERSION}`, (making) => {
    const args = ['install', '-trimpath', '-ldflags', '-s -w', `github.com/minio/minio@${VERSION}`]
    try {
      execFileSync('go', args, { env: { ...process.env, GOBIN: making }, stdio: 'inherit' })
    } catch (cause) {
      throw new Error(`no MinIO for this test: it is built by "go install", which failed or is not here`, { cause })
    }
  })
  return join(folder, 'minio')
}

/** One MinIO with one drive, on a port of its own, with its data in `folder`; with `certificates` (`public.crt`, `private.key`) it speaks TLS alone. */
export async function startMinio(folder: string, certificates?: string): Promise<MinioServer> {
  const command = minioProgram()
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
