import type { Ledger } from '../../runtime/ledger.ts'
import type { Topics } from '../../runtime/topics.ts'
import type { Seen } from './core/stall.ts'
import type { DriveStatus } from './drive-trigger.ts'
import type { NamedTrigger, TriggerStatus } from './trigger.ts'

/** How far each trigger is behind its topic, and what holds it. */
export async function triggerStatus(
  triggers: readonly NamedTrigger[],
  states: readonly DriveStatus[],
  {
    topics,
    ledger,
    stalls,
  }: { readonly topics: Topics; readonly ledger: Ledger; readonly stalls: ReadonlyMap<string, string> },
): Promise<TriggerStatus[]> {
  const dead = await ledger.deadLetters()
  return Promise.all(
    triggers.map(async ({ name, definition }) => {
      const state = states.find((one) => one.name === name)
      const behind = await Promise.all((state?.positions ?? []).map((one) => behindOf(one, topics)))
      const oldest = Math.min(...behind.flatMap(({ oldest }) => oldest ?? []))
      return {
        name,
        on: 'cron' in definition.on ? `${definition.on.cron} ${definition.on.zone}` : definition.on.type,
        to: definition.deliver.to,
        lag: behind.reduce((sum, { lag }) => sum + lag, 0),
        oldestSeconds: Number.isFinite(oldest) ? Math.max(0, (Date.now() - oldest) / 1000) : 0,
        inFlight: state?.inFlight ?? 0,
        parked: state?.parked ?? 0,
        deadLetters: dead.get(name) ?? 0,
        ...(state?.stop ?? stalled(stalls.get(name)) ?? { state: 'running' as const }),
      }
    }),
  )
}

/** What the stall probe looks at. */
export async function seen(drive: DriveStatus, topics: Topics): Promise<Seen> {
  const lags = await Promise.all(drive.positions.map((one) => lagOf(one, topics)))
  const lag = lags.reduce((sum, one) => sum + one, 0)
  const { name, moves, runnable, inFlight, nextDue, stop } = drive
  return { name, moves, lag, runnable, inFlight, nextDue, isHeld: stop !== null }
}

function stalled(reason: string | undefined) {
  return reason === undefined ? undefined : { state: 'running' as const, reason: `it stalls: ${reason}` }
}

async function lagOf(
  { topic, partition, next, held }: DriveStatus['positions'][number],
  topics: Topics,
): Promise<number> {
  const { high } = await topics.bounds(topic, partition)
  return Math.max(0, high - next) + held
}

async function behindOf(
  place: DriveStatus['positions'][number],
  topics: Topics,
): Promise<{ lag: number; oldest: number | undefined }> {
  const lag = await lagOf(place, topics)
  const oldest = lag > 0 ? await topics.appendedAt(place.topic, place.partition, place.position) : null
  return { lag, oldest: oldest?.getTime() }
}
