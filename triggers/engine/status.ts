import type { Ledger } from '../../runtime/ledger.ts'
import type { Topics } from '../../runtime/topics.ts'
import type { DriveStatus } from './drive-trigger.ts'
import type { NamedTrigger, TriggerStatus } from './trigger.ts'

/** How far each trigger is behind its topic, and what holds it. */
export async function triggerStatus(
  triggers: readonly NamedTrigger[],
  states: readonly DriveStatus[],
  { topics, ledger }: { readonly topics: Topics; readonly ledger: Ledger },
): Promise<TriggerStatus[]> {
  const dead = await ledger.deadLetters()
  return Promise.all(
    triggers.map(async ({ name, definition }) => {
      const state = states.find((one) => one.name === name)
      const behind = await Promise.all((state?.positions ?? []).map((one) => lagOf(one, topics)))
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
        ...(state?.stop ?? { state: 'running' as const }),
      }
    }),
  )
}

async function lagOf(
  { topic, partition, position, next, held }: DriveStatus['positions'][number],
  topics: Topics,
): Promise<{ lag: number; oldest: number | undefined }> {
  const { high } = await topics.bounds(topic, partition)
  const lag = Math.max(0, high - next) + held
  const oldest = lag > 0 ? await topics.appendedAt(topic, partition, position) : null
  return { lag, oldest: oldest?.getTime() }
}
