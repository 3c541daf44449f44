import type { Server } from 'node:http'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { RequestLog } from './app.ts'
import { createApp } from './app.ts'
import type { Inbox } from './context.ts'
import type { FunctionDefinition } from './define.ts'
import type { Environment } from './env.ts'
import { readEnvironment } from './env.ts'
import { PlatformError, problem } from './errors.ts'
import { authenticate } from './identity.ts'
import { createMetrics } from './metrics.ts'
import type { PortName, Ports } from './ports.ts'
import { engineVerifier } from './token.ts'

/** A port as the composition root opens it; nothing is connected before its first use. */
export interface OpenedPort<port> {
  readonly port: port
  readonly inbox?: Inbox
  close?(): Promise<void>
}

export type PortOpeners<uses extends PortName> = {
  readonly [name in uses]: (env: Environment, fn: FunctionDefinition) => OpenedPort<Ports<string>[name]>
}

const DEFAULT_TIMEOUT = 60
/** Longer than any proxy in front keeps an idle connection, so that none is closed under a request. */
const KEEP_ALIVE = 75_000

/** Runs one function as a process: serves it on `PORT` until SIGTERM, lets what is in flight end, closes its ports, exits 0. */
export async function serve<uses extends PortName, types extends string>(
  fn: FunctionDefinition<uses, types>,
  openers: PortOpeners<uses>,
): Promise<void> {
  const env = readOrExit()
  // The definition's own type says which ports it has; the openers' type says that all of them are here.
  const opened = fn.uses.map((name) => [name, openers[name](env, fn as unknown as FunctionDefinition)] as const)
  const ports = Object.fromEntries(opened.map(([name, { port }]) => [name, port])) as Pick<Ports<types>, uses>
  const keys = env.MEZZ_ENGINE_KEYS
  const app = createApp(fn, ports, {
    authenticate: authenticate({
      team: env.MEZZ_TEAM,
      verifyEngine: keys ? engineVerifier(keys, `/${env.MEZZ_TEAM}/${fn.name}`) : undefined,
      developer: env.MEZZ_DEVELOPER,
    }),
    inbox: opened.find(([, { inbox }]) => inbox)?.[1].inbox,
    metrics: createMetrics(fn.name),
    log: print,
  })
  const timeout = (fn.timeout ?? DEFAULT_TIMEOUT) * 1000
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE, headersTimeout: 20_000, requestTimeout: timeout },
    getRequestListener(async (request) => withinTime(app.fetch(request), timeout, fn.name), {
      overrideGlobalObjects: false,
    }),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(env.PORT, env.MEZZ_HOST, resolve)
  })
  const closePorts = async (): Promise<void> => {
    await Promise.allSettled(opened.map(([, { close }]) => close?.()))
  }
  drainOnSigterm(server, env.MEZZ_GRACE, closePorts)
  if (env.MEZZ_ENDS_WITH_PARENT) process.stdin.resume().on('end', () => process.exit(1))
}

/** What takes longer than the function's timeout is answered 504; the work itself may go on to its end. */
async function withinTime(answer: Response | Promise<Response>, timeout: number, name: string): Promise<Response> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Response>((resolve) => {
    timer = setTimeout(() => {
      const document = problem(new PlatformError('timeout', `${name} did not answer within ${timeout / 1000} s`))
      resolve(
        Response.json(document, { status: document.status, headers: { 'Content-Type': 'application/problem+json' } }),
      )
    }, timeout)
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

function drainOnSigterm(server: Server, grace: number, closePorts: () => Promise<void>): void {
  let draining = false
  // A connection that is busy now is idle once its answer is out; only then it can be closed.
  server.on('request', (_request, response) => {
    response.on('close', () => draining && setImmediate(() => server.closeIdleConnections()))
  })
  const drain = (): void => {
    if (draining) process.exit(1)
    draining = true
    setTimeout(() => process.exit(1), grace * 1000).unref()
    server.close(() => void closePorts().then(() => process.exit(0)))
    server.closeIdleConnections()
  }
  process.on('SIGTERM', drain)
  process.on('SIGINT', drain)
}

function readOrExit(): Environment {
  try {
    return readEnvironment()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(2)
  }
}

function print(line: RequestLog): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
