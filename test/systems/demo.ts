import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startTestServer } from '../../build/testkit/postgres.ts'
import { begin, CELLS, predict, published, someRow } from '../platform/chain.ts'
import { startDev } from '../platform/mezz-dev.ts'
import { startKafka } from './servers/kafka.ts'
import { startMinio } from './servers/minio.ts'

interface System {
  readonly variables: Readonly<Record<string, string>>
  stop(): Promise<unknown>
}

/** By the names under which `mezz dev` says that it uses them. */
const SYSTEMS: Readonly<Record<string, (folder: string) => Promise<System>>> = {
  async PostgreSQL() {
    const { url, stop } = await startTestServer()
    return { variables: { DATABASE_URL: url }, stop }
  },
  async Kafka(folder) {
    const { addresses, stop } = await startKafka(folder)
    return { variables: { KAFKA_BROKERS: addresses.join() }, stop }
  },
  async S3(folder) {
    const { endpoint, accessKey, secretKey, stop } = await startMinio(folder)
    return { variables: { S3_ENDPOINT: endpoint, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey }, stop }
  },
}
const ALL = Object.keys(SYSTEMS)

describe('the platform on real systems', { timeout: 900_000 }, () => {
  for (const names of [...ALL.map((name) => [name]), ALL]) {
    it(`serves what it has learnt from a table: ${names.join(', ')}`, async () => {
      const root = mkdtempSync(join(tmpdir(), 'mezz-systems-'))
      const folder = join(root, 'nothing')
      mkdirSync(folder)
      const systems: System[] = []
      try {
        for (const name of names) systems.push((await SYSTEMS[name]?.(join(root, name))) ?? assert.fail(name))
        const env = Object.assign({}, ...systems.map(({ variables }) => variables))
        const dev = await startDev({ data: join(root, 'data'), folder, env })
        try {
          await begin(dev.url, CELLS)
          const { published: version } = await published(dev.url, 'cells', 240)
          const { predictions } = await predict(dev.url, 'cells', [await someRow(dev.url, 'cells')])

          assert.deepEqual([version, predictions.length], [1, 1])
          const uses = dev.lines.filter((line) => line.startsWith('uses ')).map((line) => line.split(' ')[1])
          assert.deepEqual(uses, names)
          if (names.includes('S3')) assert.deepEqual(readdirSync(join(root, 'data/objects')), [])
        } finally {
          assert.equal(await dev.stop(), 0, dev.lines.slice(-20).join('\n'))
        }
      } finally {
        for (const { stop } of systems) await stop()
        rmSync(root, { recursive: true, force: true })
      }
    })
  }
})
