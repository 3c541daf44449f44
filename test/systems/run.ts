// `npm run test:systems -- [NAME…|all]`: starts real servers and runs what is to be shown on them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Each system's test files. */
const SYSTEMS: Readonly<Record<string, readonly string[]>> = {
  demo: ['demo.ts'],
  kafka: ['kafka/topics.ts', 'kafka/traps.ts', 'kafka/three.ts', 'kafka/security.ts'],
  minio: ['objects', 'rights', 'store', 'uploads', 'tls', 'faults', 'large'].map((name) => `minio/${name}.ts`),
  versitygw: ['versitygw/objects.ts'],
  postgres: ['postgres/postgres.ts', 'postgres/pgbouncer.ts'],
  nginx: ['nginx/nginx.ts'],
  redis: ['redis/cache.ts'],
  prometheus: ['prometheus/metrics.ts'],
  otlp: ['otlp/otlp.ts'],
  drf: ['drf/drf.ts'],
}
/** Milliseconds for a file. */
const MOST = 900_000

const asked = process.argv.slice(2)
const names = asked.length === 0 || asked.includes('all') ? Object.keys(SYSTEMS) : asked
const unknown = names.filter((name) => !(name in SYSTEMS))
if (unknown.length > 0) {
  console.error(`there is no ${unknown.join(', ')}; there are: ${Object.keys(SYSTEMS).join(', ')}, all`)
  process.exit(2)
}
const files = names.flatMap((name) => SYSTEMS[name] ?? []).map((file) => fileURLToPath(new URL(file, import.meta.url)))
// One server after the other; the client of Kafka keeps timers for a while when it was cut off.
const options = ['--test-concurrency=1', `--test-timeout=${MOST}`, '--test-force-exit']
const child = spawn(process.execPath, [...process.execArgv, '--test', ...options, ...files], { stdio: 'inherit' })
const [code] = await once(child, 'exit')
process.exit(typeof code === 'number' ? code : 1)
