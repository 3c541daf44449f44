import type { Assignment, Membership } from '../../runtime/topics.ts'
import type { TriggerState } from '../../runtime/trigger-states.ts'
import type { Drive, DriveOptions, DriveStatus } from './drive-trigger.ts'
import { driveTrigger } from './drive-trigger.ts'
import type { NamedTrigger } from './trigger.ts'
import { eventOf } from './trigger.ts'

export interface Dispatch {
  /** Delivers by these triggers from now on: one that is the same goes on, another begins when what is in flight of its old form has ended and is stored. */
  update(triggers: readonly NamedTrigger[]): void
  /** What the store says of triggers. */
  told(states: ReadonlyMap<string, TriggerState>): void
  status(): readonly DriveStatus[]
  /** Tries again what refused the engine. */
  retry(): void
  /** Lets what is in flight end and be stored. */
  close(): Promise<void>
}

/** Delivers the events of all triggers: takes part in reading their topics, and drives the core for each trigger and partition. */
export async function createDispatch(
  triggers: readonly NamedTrigger[],
  first: ReadonlyMap<string, TriggerState>,
  options: DriveOptions,
): Promise<Dispatch> {
  let states = first
  const assignments = new Map<string, Assignment>()
  const running = new Map<string, { readonly drive: Drive; readonly form: string }>()
  const closing = new Map<string, { readonly drive: Drive; readonly closed: Promise<void> }>()
  let wanted = byName(triggers)
  settle()
  const membership: Membership = await options.topics.join('mezz', topicsOf(triggers), {
    assigned(assignment) {
      assignments.set(place(assignment), assignment)
      for (const { drive } of running.values()) if (drive.topic === assignment.topic) drive.assigned(assignment)
    },
    revoked(topic, partition) {
      assignments.delete(place({ topic, partition }))
      for (const { drive } of [...running.values(), ...closing.values()]) {
        if (drive.topic === topic) drive.revoked(partition)
      }
    },
    failed: (error) => options.log('warn', 'the log cannot be reached', error),
  })

  /** Ends what is not wanted as it is, and begins what is wanted and not there. */
  function settle(): void {
    for (const [name, { drive, form }] of running) {
      if (wanted.get(name)?.form === form) continue
      running.delete(name)
      closing.set(name, { drive, closed: drive.close().then(() => gone(name)) })
    }
    for (const [name, { trigger, form }] of wanted) {
      if (running.has(name) || closing.has(name)) continue
      const drive = driveTrigger(trigger, options, states.get(name))
      running.set(name, { drive, form })
      for (const one of assignments.values()) if (one.topic === drive.topic) drive.assigned(one)
    }
  }
  function gone(name: string): void {
    closing.delete(name)
    settle()
  }

  return {
    update(triggers) {
      wanted = byName(triggers)
      membership.subscribe(topicsOf(triggers))
      settle()
    },
    status: () => [...closing.values(), ...running.values()].map(({ drive }) => drive.status()),
    told(now) {
      states = now
      for (const [name, { drive }] of running) drive.told(now.get(name))
    },
    retry() {
      for (const { drive } of running.values()) drive.retry()
    },
    async close() {
      wanted = new Map()
      settle()
      await Promise.all([...closing.values()].map(({ closed }) => closed))
      await membership.leave()
    },
  }
}

function byName(triggers: readonly NamedTrigger[]) {
  return new Map(triggers.map((trigger) => [trigger.name, { trigger, form: formOf(trigger) }]))
}

/** What of a trigger makes a difference to its deliveries. */
function formOf(trigger: NamedTrigger): string {
  const { type, topic } = eventOf(trigger)
  const { on: _, ...rest } = trigger.definition
  return JSON.stringify({ type, topic, ...rest })
}

function topicsOf(triggers: readonly NamedTrigger[]): string[] {
  return [...new Set(triggers.map((one) => eventOf(one).topic))]
}

function place({ topic, partition }: Pick<Assignment, 'topic' | 'partition'>): string {
  return `${topic}/${partition}`
}
