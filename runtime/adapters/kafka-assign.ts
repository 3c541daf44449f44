import * as z from 'zod'
import { partitionOf } from '../partitioner.ts'

/** A member of a group as it describes itself: what it reads, and its words for the one who deals out. */
export interface KafkaGroupMember {
  readonly id: string
  readonly topics: readonly string[]
  readonly userData: Buffer
}

/** Deals partitions out: for each member's id its topics and their partitions. */
export type KafkaAssign = (members: readonly KafkaGroupMember[]) => Promise<ReadonlyMap<string, KafkaShare>>

export type KafkaShare = Record<string, number[]>

const UserData = z.object({ member: z.string(), since: z.number() })

/** What a member says of itself: its name, and when it began, by which one that came back is told from what it was. */
export function userDataOf(member: string, since: number): Buffer {
  return Buffer.from(JSON.stringify({ member, since } satisfies z.infer<typeof UserData>))
}

/**
 * Every partition goes to one of those that read its topic, by the order of their names: who comes back under its name
 * takes its place, and what it was before gets none. `count` tells how many partitions each topic has.
 */
export function dealByName(count: (topics: readonly string[]) => Promise<ReadonlyMap<string, number>>): KafkaAssign {
  return async (members) => {
    const newest = new Map<string, KafkaGroupMember & { readonly since: number }>()
    for (const one of members) {
      const { member, since } = UserData.parse(JSON.parse(one.userData.toString()))
      if ((newest.get(member)?.since ?? -1) < since) newest.set(member, { ...one, since })
    }
    const readers = [...newest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
    const shares = new Map<string, KafkaShare>(members.map(({ id }) => [id, {}]))
    const counts = await count([...new Set(readers.flatMap(({ topics }) => topics))])
    for (const [topic, partitions] of counts) {
      const own = readers.filter(({ topics }) => topics.includes(topic))
      // A topic of one partition is not always the first member's.
      const first = partitionOf(topic, own.length)
      for (let partition = 0; partition < partitions; partition++) {
        const share = shares.get(own[(first + partition) % own.length]?.id ?? '')
        if (share) share[topic] = [...(share[topic] ?? []), partition]
      }
    }
    return shares
  }
}
