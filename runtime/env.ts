import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { BACKING, BACKING_SECRETS, missingVariables } from './backing-variables.ts'
import { PlatformError } from './errors.ts'
import { IssuerTable } from './issuer-row.ts'
import type { Retention } from './retention.ts'
import { forgottenTooSoon, retentionOf } from './retention.ts'
import type { Telemetry } from './telemetry-settings.ts'
import { TELEMETRY, TELEMETRY_SECRETS, telemetryOf } from './telemetry-settings.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/
/** Never shown, not even when they are wrong: they hold passwords. */
const SECRET: readonly string[] = [
  'DATABASE_URL',
  'MEZZ_ISSUERS',
  'MEZZ_TOKEN',
  'MEZZ_METRICS_URL',
  ...BACKING_SECRETS,
  ...TELEMETRY_SECRETS,
]
/** What comes of it where these are forgotten too soon. */
const LOST = {
  inbox: 'an event that comes again would take effect twice',
  jobs: 'the event of a job that comes again would find its outputs gone',
} as const
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const Port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port')
  .transform(Number)
  .pipe(z.number().max(65535))
/** In milliseconds. */
const Duration = z
  .string()
  .regex(/^\d+(\.\d+)?[smhd]$/, 'must be like 90s, 30m, 24h or 7d')
  .transform((text) => Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? 0))
  .pipe(z.number().positive('must be longer than nothing'))
const Flag = z.enum(['', '0', '1']).transform((text) => text === '1')

/** Every variable that the platform reads, from here alone. */
const Environment = z.object({
  /** Where a function's process listens. */
  PORT: Port.default(8080),
  /** The only address it listens on. */
  MEZZ_HOST: z.string().min(1, 'must be an address').default('127.0.0.1'),
  MEZZ_TEAM: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be a DNS label')
    .default('default'),
  /** JWKS (RFC 7517) of the engine's public keys. */
  MEZZ_ENGINE_KEYS: z
    .string()
    .transform((text, context) => parseJson(text, context))
    .pipe(z.object({ keys: z.array(z.record(z.string(), z.unknown())) }))
    .optional(),
  /** Whose tokens are taken beside the engine's: the table as JSON, or `@` and the file that holds it. */
  MEZZ_ISSUERS: z
    .string()
    .transform((text, context) => (text.startsWith('@') ? readText(text.slice(1), context) : text))
    .transform((text, context) => parseJson(text, context))
    .pipe(IssuerTable)
    .optional(),
  /** The same, by the file's name alone. */
  MEZZ_ISSUERS_FILE: z.string().min(1).optional(),
  /** What the `mezz` command shows to a platform that asks who calls. */
  MEZZ_TOKEN: z
    .string()
    .regex(/^([\w\-.~+/]+=*)?$/, 'must be a token')
    .optional(),
  /** Callers on loopback without a token are the team's developer. */
  MEZZ_DEVELOPER: Flag.default(false),
  /** Ends the process when its standard input ends: its parent is gone. */
  MEZZ_ENDS_WITH_PARENT: Flag.default(false),
  /** Seconds between SIGTERM and the end of what is still in flight. */
  MEZZ_GRACE: z.coerce.number().positive().max(600).default(30),
  /** The model that this process serves alone. */
  MEZZ_MODEL: z.string().min(1).optional(),
  MEZZ_LAUNCHER_FD: z.union([z.literal('').transform(() => undefined), z.coerce.number().int().min(3)]).optional(),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }).optional(),
  ...BACKING,
  /** What a statement of a function or of the engine may take, and wait for a lock. */
  MEZZ_SQL_STATEMENT: Duration.default(60_000),
  MEZZ_SQL_LOCK: Duration.default(15_000),
  /** A folder as object store. */
  OBJECTS_FOLDER: z.string().min(1).optional(),
  /** Where DuckDB may lay down its scratch files. */
  TABLES_FOLDER: z.string().min(1).optional(),
  /** Where jobs keep what outlives them, such as the environments of scripts: by default in the data folder. */
  MEZZ_CACHE: z.string().min(1).optional(),
  /** How long the embedded log, dead letters, what was handled, flow runs and ended jobs are kept. */
  MEZZ_RETENTION_LOG: Duration.optional(),
  MEZZ_RETENTION_DEAD_LETTERS: Duration.optional(),
  MEZZ_RETENTION_INBOX: Duration.optional(),
  MEZZ_RETENTION_FLOWS: Duration.optional(),
  MEZZ_RETENTION_JOBS: Duration.optional(),
  TABLES_MEMORY: z
    .string()
    .regex(/^\d+(\.\d+)?(KiB|MiB|GiB|KB|MB|GB)$/, 'must be like 256MiB')
    .default('256MiB'),
  /** Where a function's process hands its counters over: whoever knows the URL may. */
  MEZZ_METRICS_URL: z.url({ protocol: /^http$/, error: 'must be an http:// URL' }).optional(),
  ...TELEMETRY,
})

export type Environment = z.infer<typeof Environment>

/** The environment as the platform understands it; throws once, with every fault. */
export function readEnvironment(given: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const { MEZZ_ISSUERS: table, MEZZ_ISSUERS_FILE: file } = given
  const source = file && table === undefined ? { ...given, MEZZ_ISSUERS: `@${file}` } : given
  const parsed = Environment.safeParse(source)
  const faults = (parsed.error?.issues ?? []).map(({ path, message }) => {
    const name = String(path[0])
    return `  ${path.join('.')}: ${message}${SECRET.includes(name) ? '' : `, found ${JSON.stringify(source[name])}`}`
  })
  if (file && table !== undefined) faults.push('  MEZZ_ISSUERS_FILE: is set beside MEZZ_ISSUERS: one of them is enough')
  if (parsed.success) faults.push(...missingVariables(source).map((line) => `  ${line}`))
  // Whoever reaches the address would be the developer.
  if (source['MEZZ_DEVELOPER'] === '1' && !LOOPBACK.test(source['MEZZ_HOST'] ?? 'localhost')) {
    faults.push(`  MEZZ_DEVELOPER: is for loopback alone, found MEZZ_HOST ${JSON.stringify(source['MEZZ_HOST'])}`)
  }
  for (const kind of parsed.success ? forgottenTooSoon(retentionIn(parsed.data)) : []) {
    faults.push(
      `  MEZZ_RETENTION_${kind.toUpperCase()}: must be as long as log and dead letters together: ${LOST[kind]}`,
    )
  }
  if (parsed.success && faults.length === 0) return parsed.data
  throw new PlatformError('invalid_input', `the environment is not right:\n${faults.join('\n')}`)
}

/** How long things are kept, as the environment says. */
export function retentionIn(read: Environment): Retention {
  return retentionOf({
    log: read.MEZZ_RETENTION_LOG,
    deadLetters: read.MEZZ_RETENTION_DEAD_LETTERS,
    inbox: read.MEZZ_RETENTION_INBOX,
    flows: read.MEZZ_RETENTION_FLOWS,
    jobs: read.MEZZ_RETENTION_JOBS,
  })
}

/** Sets the variables of a file (`NAME=value` lines), but those that are set already; throws `invalid_input` where it cannot be read. */
export function loadEnvironmentFile(path: string): void {
  try {
    process.loadEnvFile(path)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new PlatformError('invalid_input', `the file of variables ${path} cannot be read: ${reason}`)
  }
}

/** Where traces are sent, as the environment says; nothing where it says nothing. */
export function readTelemetry(given?: Readonly<Record<string, string | undefined>>): Telemetry | undefined {
  return telemetryOf(readEnvironment(given))
}

/** OpenTelemetry's variables for a function's process, which is a service of its own; nothing where no traces are sent. `OTEL_SERVICE_NAME` names the platform, and so the namespace of its functions. */
export function telemetryEnvironment(service: string): Record<string, string> {
  if (!readTelemetry()) return {}
  const given = Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_'))
  const namespace = encodeURIComponent(process.env['OTEL_SERVICE_NAME'] || 'mezz')
  const attributes = [`service.namespace=${namespace}`, process.env['OTEL_RESOURCE_ATTRIBUTES'] ?? '']
  return {
    ...Object.fromEntries(given.map(([name, value = '']) => [name, value])),
    OTEL_SERVICE_NAME: service,
    OTEL_RESOURCE_ATTRIBUTES: attributes.filter(Boolean).join(),
  }
}

/** The command that a user edits texts with. */
export function editor(): string {
  return process.env['VISUAL'] || process.env['EDITOR'] || 'vi'
}

/** The URL of the PostgreSQL that all files of a test run share, or nothing where a file is run alone. */
export function sharedTestServer(): string | undefined {
  return process.env['MEZZ_TEST_SERVER']
}

/** Lets the test files that this process starts find their server. */
export function shareTestServer(url: string): void {
  process.env['MEZZ_TEST_SERVER'] = url
}

/** What a process that we start needs of ours to run at all; nothing of the platform's secrets. */
export function inheritedEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] ?? '']])),
  )
}

/** What installers of packages (pip, uv, npm) and git read of their user's settings: indexes, proxies, certificates, and the home that holds their files. */
export function installerEnvironment(): Record<string, string> {
  const wanted =
    /^(HOME|XDG_\w+_HOME|PIP_\w+|UV_\w+|npm_config_\w+|(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS|NETRC|GIT_SSL_\w+|SSH_AUTH_SOCK)$/i
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      wanted.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  )
}

function readText(path: string, context: z.RefinementCtx): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    context.addIssue({ code: 'custom', message: `names a file that cannot be read: ${path} (${reason})` })
    return z.NEVER
  }
}

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' })
    return z.NEVER
  }
}
