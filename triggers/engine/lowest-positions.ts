import type { StoredPosition } from '../../runtime/expiry.ts'
import type { Over } from '../../runtime/topics.ts'
import type { NamedTrigger } from './trigger.ts'
import { eventOf } from './trigger.ts'

/** Below which offset of a partition every trigger of its topic has passed all, also one that is paused; one that has not begun has passed nothing. */
export function lowestPositions(
  triggers: readonly NamedTrigger[],
  positions: readonly StoredPosition[],
): Over['below'] {
  const stored = new Map(positions.map((one) => [placeOf(one.trigger, one), one.position]))
  const readers = Map.groupBy(triggers, (trigger) => eventOf(trigger).topic)

  return (place) => {
    const all = (readers.get(place.topic) ?? []).map(({ name }) => stored.get(placeOf(name, place)) ?? 0)
    return Math.min(Number.MAX_SAFE_INTEGER, ...all)
  }
}

function placeOf(trigger: string, { topic, partition, identity }: Parameters<Over['below']>[0]): string {
  return JSON.stringify([trigger, topic, partition, identity])
}
