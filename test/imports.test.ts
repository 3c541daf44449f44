import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { it } from 'node:test'

/** What the files of each folder may import beside those of their own (functions: of their own folder). */
const MAY_IMPORT: Record<string, RegExp> = {
  runtime: /^node:/,
  triggers: /^(runtime\/(?!adapters\/)|node:)/,
  functions: /^(mezz\/|node:)/,
  manifests: /^runtime\/(?!adapters\/)/,
  build: /^(runtime|triggers|functions|manifests)\/|^(node:|mezz\/)/,
}
const FREE = ['hono', 'zod']

/** The files in which alone a client package may be imported. */
const HOMES: Record<string, readonly string[]> = {
  '@aws-sdk/client-s3': ['runtime/adapters/s3-sdk.ts'],
  '@aws-sdk/s3-request-presigner': ['runtime/adapters/s3-sdk.ts'],
  '@duckdb/node-api': ['runtime/adapters/duckdb.ts'],
  '@hono/node-server': ['runtime/serve.ts'],
  '@opentelemetry/api': ['runtime/adapters/otlp.ts'],
  '@opentelemetry/exporter-trace-otlp-http': ['runtime/adapters/otlp.ts'],
  '@opentelemetry/resources': ['runtime/adapters/otlp.ts'],
  '@opentelemetry/sdk-trace': ['runtime/adapters/otlp.ts'],
  '@redis/client': ['runtime/adapters/redis-client.ts'],
  ajv: ['build/testkit/answers.ts'],
  croner: ['runtime/cron.ts'],
  esbuild: ['build/bundle.ts'],
  jose: ['runtime/jwt.ts'],
  kafkajs: ['runtime/adapters/kafka-client.ts', 'runtime/adapters/kafka-idle.ts'],
  'onnxruntime-node': ['runtime/adapters/onnxruntime.ts'],
  pg: ['runtime/adapters/postgres.ts', 'runtime/adapters/postgres-listen.ts'],
}

const files = globSync('{runtime,triggers,functions,manifests,build}/**/*.ts')

for (const file of files) {
  it(`${file} imports only what its folder may`, () => {
    const [folder = ''] = file.split('/')
    const own = folder === 'functions' ? file.split('/').slice(0, 2).join('/') : folder
    for (const from of imports(file)) {
      const target = from.startsWith('.') ? join(dirname(file), from) : from
      const name = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : (target.split('/')[0] ?? '')
      if (target.startsWith(`${own}/`) || FREE.includes(name)) continue
      const homes = HOMES[name]
      if (homes) assert.ok(homes.includes(file), `${name} may be imported in ${homes} alone, not in ${file}`)
      else assert.match(target, MAY_IMPORT[folder] ?? /^$/, `${file} must not import ${target}`)
    }
  })
}

it('no file imports itself by way of others, not even for a type', () => {
  const graph = new Map(
    files.map((file) => [
      file,
      imports(file).flatMap((from) => (from.startsWith('.') ? [join(dirname(file), from)] : [])),
    ]),
  )
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `a circle: ${[...path, file].join(' → ')}`)
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
})

it('the environment is read in one file, but for programs of jobs, which get their inputs so', () => {
  const readers = files.filter((file) => readFileSync(file, 'utf8').includes('process.env'))

  assert.deepEqual(
    readers.filter((file) => !/^functions\/[^/]+\/[^/]+\/main\.ts$/.test(file)),
    ['runtime/env.ts'],
  )
})

function imports(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:^|\s)(?:from|import) '([^']+)'|import\('([^']+)'\)/gm)].map(([, a, b]) => a ?? b ?? '')
}
