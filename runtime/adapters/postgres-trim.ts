import type { Over } from '../topics.ts'
import type { Database } from './postgres.ts'

interface Place {
  readonly topic: string
  readonly partition: number
  readonly identity: string
}

/** Records that one transaction lets go at most. */
const BATCH = 1000

/** Lets records of the log go, from each partition's start, a batch at a time; answers how many. */
export async function trimLog(database: Database, over: Over): Promise<number> {
  const places = await database.query<Place>`
    select p.topic, p.partition, t.identity from partitions p join topics t on t.name = p.topic order by p.topic, p.partition`
  let gone = 0
  for (const place of places) {
    const below = over.below(place)
    for (let batch = BATCH; batch === BATCH; gone += batch) batch = await trimBatch(database, place, over.before, below)
  }
  return gone
}

async function trimBatch(database: Database, place: Place, before: Date, below: number): Promise<number> {
  const { topic, partition, identity } = place
  return database.transaction(async (query) => {
    // Appends wait for this row, and a topic that was made anew has another one.
    const held = await query`
      select 1 from partitions p join topics t on t.name = p.topic
      where p.topic = ${topic} and p.partition = ${partition} and t.identity = ${identity} for update of p`
    if (held.length === 0) return 0
    const rows = await query<{ offset: number; over: boolean }>`
      select "offset", at < ${before} as over from log
      where topic = ${topic} and partition = ${partition} and "offset" < ${below} order by "offset" limit ${BATCH}`
    const stays = rows.findIndex((row) => !row.over)
    const gone = stays < 0 ? rows : rows.slice(0, stays)
    const last = gone.at(-1)
    if (!last) return 0
    await query`delete from log where topic = ${topic} and partition = ${partition} and "offset" <= ${last.offset}`
    await query`update partitions set low = ${last.offset + 1} where topic = ${topic} and partition = ${partition}`
    return gone.length
  })
}
