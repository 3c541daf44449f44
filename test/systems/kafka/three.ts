import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kafkaLog } from '../../../runtime/adapters/kafka-log.ts'
import { kafkaBench } from './bench.ts'

const PARTITIONS = 6
const ROUNDS = 3
const ENOUGH = 30

describe('three brokers of Kafka', () => {
  it('1: what is acknowledged is stored in all partitions, whichever broker is killed meanwhile', async () => {
    const bench = await kafkaBench({ count: 3, options: { deadline: 60_000 } })
    const { topics, close } = await bench.open('writer')
    await topics.ensure([{ name: 'facts', partitions: PARTITIONS }])
    const acknowledged = new Set<string>()
    const rejected: unknown[] = []
    let isOver = false
    let appends = 0
    let enough = { at: 0, resolve: (): void => undefined }
    async function write(writer: number): Promise<void> {
      while (!isOver) {
        const values = Array.from({ length: 60 }, (_, n) => `${writer}/${appends}/${n}`)
        const mine = appends++
        try {
          await topics.append(
            'facts',
            values.map((value) => ({ key: value, headers: {}, value })),
          )
          for (const value of values) acknowledged.add(value)
        } catch (error) {
          rejected.push(error)
        }
        if (mine >= enough.at) enough.resolve()
      }
    }
    const more = (): Promise<void> =>
      new Promise((resolve) => {
        enough = { at: appends + ENOUGH, resolve }
      })
    const writers = [1, 2].map(write)

    for (let round = 0; round < ROUNDS; round++) {
      const broker = bench.servers.brokers[round]
      await more()
      await broker?.kill()
      await more()
      await broker?.start()
    }
    isOver = true
    await Promise.all(writers)

    const log = kafkaLog(bench.options)
    const stored: string[] = []
    for (let partition = 0; partition < PARTITIONS; partition++) {
      for (let from = 0; ; ) {
        const { records, next } = await log.fetch('facts', partition, from)
        stored.push(...records.map(({ value }) => value))
        if (next === from) break
        from = next
      }
    }
    assert.ok(acknowledged.size > ROUNDS * ENOUGH * 60)
    const kept = new Set(stored)
    assert.deepEqual(
      [...acknowledged].filter((value) => !kept.has(value)),
      [],
    )
    assert.equal(stored.length - kept.size, 0, 'none is stored twice')
    assert.deepEqual(rejected, [])
    await log.close()
    await close()
    await bench.close()
  })
})
