import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Environment } from '../../runtime/env.ts'
import { loadEnvironmentFile, readEnvironment } from '../../runtime/env.ts'
import type { Command } from './command.ts'
import { duration, text, UsageError } from './command.ts'
import { showLine } from './show-line.ts'
import { stopped } from './stopped.ts'

const GRACE = 30_000

export const dev: Command = {
  name: 'dev',
  usage: '[--port 8080] [--data .mezz] [--functions DIR] [--idle 30s] [--env-file FILE]',
  summary: 'runs the platform here, with our functions and those of this folder',
  help: `
Starts the platform on this machine: a database, an object store, the delivery engine, and a gateway
behind which every function starts with its first request and ends when it is idle. Beside our own
functions it serves those in functions/ and the triggers in triggers/ of this folder; a file that you
change is live within a second, and no request is lost. Ctrl-C lets what is in flight end.

  --port       where the gateway listens on 127.0.0.1 (8080; 0 for any free port)
  --data       where everything is kept (.mezz); the same folder again goes on where it was
  --functions  another folder that holds functions/ and triggers/
  --idle       a process ends after so long without a request (30s)
  --env-file   a file of NAME=value lines, for variables that are not set already

Real systems are used in place of the embedded ones where these variables name them, any of them:

  DATABASE_URL   PostgreSQL 16; its role must be allowed to make databases and roles
  KAFKA_BROKERS  Kafka for the topics, host:port and more with commas; KAFKA_TLS=1, KAFKA_CA_FILE,
                 KAFKA_SASL (plain, scram-sha-256, scram-sha-512) with KAFKA_USER, KAFKA_PASSWORD
  S3_ENDPOINT    MinIO or another S3 for the objects; S3_ACCESS_KEY, S3_SECRET_KEY, S3_BUCKET
                 (mezz-<team>), S3_REGION, S3_CA_FILE, S3_PUBLIC_ENDPOINT (in presigned URLs)`,
  options: {
    port: { type: 'string', default: '8080' },
    data: { type: 'string', default: '.mezz' },
    functions: { type: 'string' },
    idle: { type: 'string', default: '30s' },
    'env-file': { type: 'string' },
  },

  async run({ values, positionals }) {
    if (positionals.length > 0) throw new UsageError(`it takes no ${positionals[0]}`)
    const port = Number(values['port'])
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError(`${values['port']} is no port`)
    const idle = duration(text(values['idle']) ?? '30s')
    const variables = text(values['env-file'])
    if (variables !== undefined) loadEnvironmentFile(resolve(variables))
    const environment = readEnvironment()
    const data = resolve(text(values['data']) ?? '.mezz')
    const { startPlatform } = await import('../local/platform.ts')
    const platform = await startPlatform({
      data,
      port,
      idle,
      environment,
      folders: [resolve(text(values['functions']) ?? '.')],
      heard: (line) => process.stdout.write(showLine(line)),
    })
    await writeFile(join(data, 'run', 'address'), platform.url)
    for (const line of realSystems(environment)) process.stdout.write(`uses ${line}\n`)
    process.stdout.write(`ready ${platform.url}\n`)
    for (const one of platform.missing()) process.stdout.write(`missing ${one}; it is tried again\n`)
    await stopped()
    process.stdout.write('ending: what is in flight may end\n')
    await platform.close(GRACE)
    // All has ended well: a span that nobody takes, and is sent again, must not hold that up.
    process.exit(0)
  },
}

/** The systems that the environment names, a line each. */
function realSystems({ DATABASE_URL, KAFKA_BROKERS, S3_ENDPOINT }: Environment): readonly string[] {
  const named = {
    'PostgreSQL for the tables': DATABASE_URL && new URL(DATABASE_URL).host,
    'Kafka for the topics': KAFKA_BROKERS?.join(),
    'S3 for the objects': S3_ENDPOINT,
  }
  return Object.entries(named).flatMap(([system, where]) => (where ? [`${system}: ${where}`] : []))
}
