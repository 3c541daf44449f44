import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startTestServer } from '../../build/testkit/postgres.ts'
import { begin, CELLS, predict, published, someRow } from '../platform/chain.ts'
import { startDev } from '../platform/mezz-dev.ts'
import { startKafka } from './servers/kafka.ts'
import { startMinio } from './servers/minio.ts'

type Variables = Readonly<Record<string, string>>

/** The chain from a table to a served model, by `mezz dev` on the real systems: each alone, and all together. */
describe('the platform on real systems', { timeout: 900_000 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'mezz-demo-'))
  const systems: Record<string, Variables> = {}
  const stops: (() => Promise<unknown>)[] = []
  before(async () => {
    const kafka = await startKafka(join(root, 'kafka'))
    stops.push(kafka.stop)
    systems['Kafka'] = { KAFKA_BROKERS: kafka.addresses.join() }
    const minio = await startMinio(join(root, 'minio'))
    stops.push(minio.stop)
    systems['S3'] = { S3_ENDPOINT: minio.endpoint, S3_ACCESS_KEY: minio.accessKey, S3_SECRET_KEY: minio.secretKey }
  })
  after(async () => {
    for (const stop of stops) await stop()
    rmSync(root, { recursive: true, force: true })
  })

  for (const names of [['Kafka'], ['S3'], ['PostgreSQL'], ['PostgreSQL', 'Kafka', 'S3']]) {
    it(`serves what it has learnt from a table: ${names.join(', ')}`, async () => {
      const data = join(root, names.join('-'))
      mkdirSync(join(root, 'nothing'), { recursive: true })
      const postgres = names.includes('PostgreSQL') ? await startTestServer() : undefined
      const env = Object.assign({}, ...names.map((name) => systems[name]), {
        ...(postgres ? { DATABASE_URL: postgres.url } : {}),
        ...(names.includes('S3') ? { S3_BUCKET: `mezz-${names.length}` } : {}),
      })
      const dev = await startDev({ data, folder: join(root, 'nothing'), env })

      try {
        await begin(dev.url, CELLS)
        const { published: version } = await published(dev.url, 'cells', 240)
        const { predictions } = await predict(dev.url, 'cells', [await someRow(dev.url, 'cells')])

        assert.equal(version, 1)
        assert.equal(predictions.length, 1)
        assert.deepEqual(
          dev.lines.filter((line) => line.startsWith('uses ')).map((line) => line.split(' ')[1]),
          names,
        )
        assert.equal(
          dev.lines.some((line) => line.startsWith('missing ')),
          false,
        )
        if (names.includes('S3'))
          assert.deepEqual(
            readdirSync(join(data, 'objects')).filter((one) => one !== '.tmp'),
            [],
          )
      } finally {
        const code = await dev.stop()
        await postgres?.stop()
        assert.equal(code, 0, dev.lines.slice(-20).join('\n'))
      }
    })
  }
})
