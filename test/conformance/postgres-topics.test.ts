import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { postgresTopics } from '../../runtime/adapters/postgres-topics.ts'
import { crashingPostgres } from '../platform/fixture/crashing-postgres.ts'
import { testTopics } from './topics.ts'

testTopics('tables of PostgreSQL', async () => {
  const server = await crashingPostgres()
  const urls = await server.team()
  const connect = () => openDatabase({ url: urls.engine, most: 3, schema: 'mezz' })
  const database = connect()

  return {
    async open(member) {
      const own = connect()
      const topics = postgresTopics(own, { member })
      return {
        topics,
        die: () => own.close(),
        async close() {
          await topics.close()
          await own.close()
        },
      }
    },
    trims: true,
    async gap(topic, partition) {
      await database.query`update partitions set next = next + 1 where topic = ${topic} and partition = ${partition}`
    },
    async truncate(topic, partition, low) {
      await database.transaction(async (query) => {
        await query`update partitions set low = ${low} where topic = ${topic} and partition = ${partition}`
        await query`delete from log where topic = ${topic} and partition = ${partition} and "offset" < ${low}`
      })
    },
    async remake(topic, partitions) {
      await database.transaction(async (query) => {
        await query`delete from log where topic = ${topic}`
        await query`delete from partitions where topic = ${topic}`
        await query`delete from topics where name = ${topic}`
      })
      await postgresTopics(database, { member: 'remake' }).ensure([{ name: topic, partitions }])
    },
    outage: (meanwhile) => server.outage(meanwhile),
    async close() {
      await database.close()
      await server.close()
    },
  }
})
