import { partitionOf } from '../partitioner.ts'
import type { Assignment, LogRecord, MemberListener, Membership, Topics } from '../topics.ts'
import type { Database } from './postgres.ts'
import { postgresMember } from './postgres-member.ts'
import { trimLog } from './postgres-trim.ts'
import { waitingRoom } from './waiting-room.ts'

interface Row {
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly headers: Record<string, string>
  readonly value: string
}

/** Reads look again after this many ms without a notification: one that was lost costs no more than that. */
const LOOK_AGAIN = 15_000

/** The log as tables of the team's database: partitioned, with members that come and go. One that comes back under its name takes its place again. */
export function postgresTopics(database: Database, { member }: { readonly member: string }): Topics {
  const { query } = database
  const room = waitingRoom()
  let unlisten: (() => void) | undefined
  const listen = (): void => {
    unlisten ??= database.listen('mezz_log', (place) => room.call(place))
  }

  async function read(topic: string, partition: number, from: number, most: number): Promise<LogRecord[]> {
    const rows = await query<Row>`
      select "offset", key, headers, value from log
      where topic = ${topic} and partition = ${partition} and "offset" >= ${from} order by "offset" limit ${most}`
    return rows.map(({ offset, key, headers, value }) => ({ offset, key, headers, value }))
  }
  function assignment(topic: string, partition: number): Assignment {
    const place = `${topic}/${partition}`
    return {
      topic,
      partition,
      async read(from, { most, signal }) {
        listen()
        while (!signal.aborted) {
          const found = new AbortController()
          try {
            const rung = room.wait(place, LOOK_AGAIN, AbortSignal.any([signal, found.signal]))
            const records = await read(topic, partition, from, most)
            if (records.length > 0) return records
            await rung
          } finally {
            found.abort()
          }
        }
        return []
      },
      // Nobody else reads this log's positions: the ledger has them.
      mirror: () => undefined,
    }
  }

  return {
    async ensure(topics) {
      for (const { name, partitions } of topics) {
        await database.transaction(async (inside) => {
          await inside`insert into topics (name, partitions) values (${name}, ${partitions}) on conflict do nothing`
          await inside`
            insert into partitions (topic, partition)
            select t.name, n from topics t, generate_series(0, t.partitions - 1) n where t.name = ${name} on conflict do nothing`
        })
      }
    },
    async append(topic, records) {
      const [found] = await query<{ partitions: number }>`select partitions from topics where name = ${topic}`
      if (!found) throw new Error(`there is no topic ${topic}`)
      const byPartition = Map.groupBy(records, ({ key }) => partitionOf(key, found.partitions))
      await database.transaction(async (inside) => {
        // In one order for everybody, so that two appends cannot lock each other out.
        for (const [partition, some] of [...byPartition].sort(([a], [b]) => a - b)) {
          const [row] = await inside<{ next: number }>`
            update partitions set next = next + ${some.length} where topic = ${topic} and partition = ${partition} returning next`
          const first = (row?.next ?? 0) - some.length
          const rows = some.map((record, at) => ({ ...record, offset: first + at }))
          await inside`
            insert into log (topic, partition, "offset", key, headers, value)
            select ${topic}, ${partition}, (r->>'offset')::bigint, r->>'key', r->'headers', r->>'value'
            from jsonb_array_elements(${rows}::jsonb) r`
          await inside`select pg_notify('mezz_log', ${`${topic}/${partition}`})`
        }
      })
    },
    async join(group: string, topics: readonly string[], listener: MemberListener): Promise<Membership> {
      return postgresMember(database, { group, topics, member, assignment }, listener)
    },
    async bounds(topic, partition) {
      const [row] = await query<{ low: number; next: number; identity: string }>`
        select p.low, p.next, t.identity from partitions p join topics t on t.name = p.topic
        where p.topic = ${topic} and p.partition = ${partition}`
      if (!row) throw new Error(`there is no partition ${partition} of ${topic}`)
      return { low: row.low, high: row.next, identity: row.identity }
    },
    async appendedAt(topic, partition, offset) {
      const [row] = await query<{ at: Date }>`
        select at from log where topic = ${topic} and partition = ${partition} and "offset" >= ${offset} order by "offset" limit 1`
      return row?.at ?? null
    },
    trim: (over) => trimLog(database, over),
    async close() {
      unlisten?.()
    },
  }
}
