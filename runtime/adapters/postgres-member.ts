import type { Assignment, MemberListener, Membership } from '../topics.ts'
import type { Database } from './postgres.ts'

interface Member {
  readonly group: string
  readonly member: string
  assignment(topic: string, partition: number): Assignment
}

const HEARTBEAT = 1000
/** A member that was not seen for so long is gone; a zombie's writes are void by the ledger's epoch. */
const SESSION_SECONDS = 6

/**
 * One member of a group. Every member deals the partitions out alike, by the sorted list of those seen lately; two that
 * see different lists for a moment may read the same partition, of which the ledger lets one go on.
 */
export async function postgresMember(
  database: Database,
  { topics: first, ...own }: Member & { readonly topics: readonly string[] },
  listener: MemberListener,
): Promise<Membership> {
  const { group, member } = own
  let topics = first
  const held = new Map<string, readonly [topic: string, partition: number]>()
  let left = false
  let wake = (): void => undefined

  function hold(wanted: ReadonlyMap<string, readonly [string, number]>): void {
    for (const [place, [topic, partition]] of held) {
      if (wanted.has(place)) continue
      held.delete(place)
      listener.revoked(topic, partition)
    }
    for (const [place, [topic, partition]] of wanted) {
      if (held.has(place)) continue
      held.set(place, [topic, partition])
      listener.assigned(own.assignment(topic, partition))
    }
  }
  async function live(): Promise<void> {
    while (!left) {
      const woken = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, HEARTBEAT)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      try {
        const wanted = await deal(database, own, topics)
        if (!left) hold(wanted)
      } catch (error) {
        if (!left) listener.failed(error)
      }
      await woken
    }
  }

  const unlisten = database.listen('mezz_members', () => wake())
  const lived = live()
  return {
    subscribe(names) {
      topics = names
      wake()
    },
    async leave() {
      left = true
      wake()
      await lived
      hold(new Map())
      unlisten()
      await database.transaction(async (query) => {
        await query`delete from members where "group" = ${group} and member = ${member}`
        await query`select pg_notify('mezz_members', ${group})`
      })
    },
  }
}

async function deal(
  database: Database,
  { group, member }: Member,
  topics: readonly string[],
): Promise<Map<string, readonly [string, number]>> {
  return database.transaction(async (query) => {
    await query`select pg_advisory_xact_lock(hashtext('mezz members'), hashtext(${group}))`
    const gone = await query`
      delete from members where "group" = ${group} and member <> ${member}
      and seen < clock_timestamp() - make_interval(secs => ${SESSION_SECONDS}) returning 1`
    const [before] = await query<{ topics: string[] }>`
      select topics from members where "group" = ${group} and member = ${member}`
    await query`
      insert into members ("group", member, topics) values (${group}, ${member}, ${[...topics]}::text[])
      on conflict ("group", member) do update set seen = clock_timestamp(), topics = excluded.topics`
    if (before?.topics.join() !== topics.join() || gone.length > 0)
      await query`select pg_notify('mezz_members', ${group})`
    const members = await query<{ member: string; topics: string[] }>`
      select member, topics from members where "group" = ${group} order by member`
    const partitions = await query<{ topic: string; partition: number }>`
      select topic, partition from partitions order by topic, partition`
    // Among those that read its topic; counted over all topics, so that everybody counts alike.
    const mine = partitions.filter(({ topic }, at) => {
      const readers = members.filter((one) => one.topics.includes(topic))
      return readers[at % readers.length]?.member === member
    })
    return new Map(mine.map(({ topic, partition }) => [`${topic}/${partition}`, [topic, partition] as const]))
  })
}
