import type { Envelope } from '../event.ts'
import type { Outbox } from '../outbox.ts'
import type { Query } from '../ports.ts'
import { bell } from './bell.ts'
import type { Database } from './postgres.ts'

type Row = Omit<Envelope, 'time' | 'partitionkey'> & {
  readonly seq: number
  readonly topic: string
  readonly key: string
  readonly time: Date
}

/** The outbox as the engine's role sees it. */
export function postgresOutbox(database: Database): Outbox {
  const { query } = database

  return {
    alone: (work, signal) => database.holding('mezz relay', work, signal),
    async take(most) {
      const rows = await query<Row>`select * from outbox order by seq limit ${most}`
      return rows.map(({ seq, topic, key, time, ...rest }) => ({
        seq,
        topic,
        envelope: { ...rest, partitionkey: key, time: time.toISOString() },
      }))
    },
    async drop(seqs) {
      await query`delete from outbox where seq = any(${[...seqs]}::bigint[])`
    },
    rung: bell(database, 'mezz_outbox'),
    post: (topic, envelope) => database.transaction((inside) => postEvent(inside, topic, envelope)),
  }
}

/** Puts an event of the engine's own, or from outside, into the outbox in this transaction; its key's order is that of the commits. */
export async function postEvent(query: Query, topic: string, envelope: Omit<Envelope, 'time'>): Promise<void> {
  const { id, source, type, partitionkey: key, subject, traceparent, authtype, authid } = envelope
  const { causationid, correlationid, data } = envelope
  await query`select pg_advisory_xact_lock(hashtext(${topic}), hashtext(${key}))`
  await query`
    insert into outbox (id, source, type, topic, key, subject, traceparent, authtype, authid, causationid, correlationid, data)
    values (${id}, ${source}, ${type}, ${topic}, ${key}, ${subject}, ${traceparent}, ${authtype}, ${authid},
      ${causationid}, ${correlationid}, ${data})`
  await query`select pg_notify('mezz_outbox', '')`
}
