import { once } from 'node:events'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createApp } from './app.ts'
import type { AuditLine } from './audit.ts'
import type { Idempotency, Inbox } from './context.ts'
import type { FunctionDefinition } from './define.ts'
import { drainable } from './drain.ts'
import type { Environment } from './env.ts'
import { readEnvironment } from './env.ts'
import { handOver } from './hand-over.ts'
import { authenticate } from './identity.ts'
import { openIssuers } from './issuers.ts'
import { createMetrics } from './metrics.ts'
import type { PortName, Ports } from './ports.ts'
import type { RequestLog } from './request-log.ts'
import { openSpans } from './telemetry.ts'
import { telemetryOf } from './telemetry-settings.ts'
import { timeoutOf } from './time-limit.ts'
import { engineVerifier } from './token.ts'

/** A port as the composition root opens it; nothing is connected before its first use. */
export interface OpenedPort<port> {
  readonly port: port
  readonly inbox?: Inbox
  readonly idempotency?: Idempotency
  close?(): Promise<void>
}

export type PortOpeners<uses extends PortName> = {
  readonly [name in uses]: (env: Environment, fn: FunctionDefinition) => OpenedPort<Ports<string>[name]>
}

/** What an operator should know. */
interface WarnLine {
  readonly at: string
  readonly level: 'warn'
  readonly message: string
}

/** Longer than any proxy in front keeps an idle connection, so that none is closed under a request. */
const KEEP_ALIVE = 75_000
const HEADERS_TIMEOUT = 20_000
/** How often connections are looked at for those that send too slowly. */
const CHECK = 1000
/** Milliseconds that the last spans and counters may take to be handed over. */
const LAST_WORDS = 2000

/** Runs one function as a process: serves it on `PORT` until SIGTERM, lets what is in flight end, closes its ports, exits 0. A bad set-up exits 2 with every fault in one message. */
export async function serve<uses extends PortName, types extends string>(
  fn: FunctionDefinition<uses, types>,
  openers: PortOpeners<uses>,
): Promise<void> {
  const { env, opened } = openOrExit(fn, openers)
  const ports = Object.fromEntries(opened.map(([name, { port }]) => [name, port])) as Pick<Ports<types>, uses>
  const keys = env.MEZZ_ENGINE_KEYS
  const metrics = createMetrics(fn.name)
  const telemetry = telemetryOf(env)
  const spans = telemetry && openSpans(telemetry, { service: fn.name, failed: warn('its traces are not taken') })
  const app = createApp(fn, ports, {
    authenticate: authenticate({
      name: fn.name,
      team: env.MEZZ_TEAM,
      verifyEngine: keys ? engineVerifier(keys, `/${env.MEZZ_TEAM}/${fn.name}`) : undefined,
      findCaller: env.MEZZ_ISSUERS && openIssuers(env.MEZZ_ISSUERS, { team: env.MEZZ_TEAM }),
      developer: env.MEZZ_DEVELOPER,
      audit: print,
    }),
    inbox: opened.find(([, { inbox }]) => inbox)?.[1].inbox,
    idempotency: opened.find(([, { idempotency }]) => idempotency)?.[1].idempotency,
    metrics,
    own: { model: env.MEZZ_MODEL },
    spans,
    log: print,
  })
  const timeout = timeoutOf(fn) * 1000
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE,
      headersTimeout: Math.min(HEADERS_TIMEOUT, timeout),
      requestTimeout: timeout,
      connectionsCheckingInterval: CHECK,
    },
    getRequestListener(app.fetch, { overrideGlobalObjects: false }),
  )
  const drain = drainable(server)
  server.once('error', (error) => exit(`${fn.name} cannot listen on ${env.MEZZ_HOST}:${env.PORT}: ${error.message}`))
  server.listen(env.PORT, env.MEZZ_HOST)
  await once(server, 'listening')
  const { MEZZ_METRICS_URL: url } = env
  const counters = url && handOver({ name: fn.name, url, metrics, failed: warn('its counters are not taken') })
  onSignal(env.MEZZ_GRACE, async () => {
    await drain()
    // First: whoever is told of the process' end should have heard them.
    if (counters) await counters.close(LAST_WORDS)
    await Promise.allSettled([...opened.map(([, { close }]) => close?.()), spans?.close(LAST_WORDS)])
  })
  if (env.MEZZ_ENDS_WITH_PARENT) process.stdin.resume().on('end', () => process.exit(1))
}

/** A supervisor may send SIGTERM again, or after the terminal's SIGINT; only a second SIGINT is a person who will not wait. */
function onSignal(grace: number, end: () => Promise<void>): void {
  let ending = false
  const begin = (): void => {
    if (ending) return
    ending = true
    setTimeout(() => process.exit(1), grace * 1000).unref()
    end().then(() => process.exit(0))
  }
  process.on('SIGTERM', begin)
  process.once('SIGINT', () => {
    process.once('SIGINT', () => process.exit(1))
    begin()
  })
}

function openOrExit<uses extends PortName, types extends string>(
  fn: FunctionDefinition<uses, types>,
  openers: PortOpeners<uses>,
) {
  try {
    const env = readEnvironment()
    const faults: unknown[] = []
    const opened = fn.uses.flatMap((name) => {
      try {
        return [[name, openers[name](env, fn)] as const]
      } catch (error) {
        faults.push(error)
        return []
      }
    })
    if (faults.length > 0) throw new AggregateError(faults, faults.map(said).join('\n'))
    return { env, opened }
  } catch (error) {
    return exit(said(error))
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Something that costs no request anything. */
function warn(message: string): (error: unknown) => void {
  return (error) => print({ at: new Date().toISOString(), level: 'warn', message: `${message}: ${said(error)}` })
}

function exit(message: string): never {
  console.error(message)
  process.exit(2)
}

function print(line: RequestLog | AuditLine | WarnLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
