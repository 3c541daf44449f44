import type { Membership } from '../../runtime/topics.ts'
import type { DriveOptions, DriveStatus } from './drive-trigger.ts'
import { driveTrigger } from './drive-trigger.ts'
import type { NamedTrigger } from './trigger.ts'

export interface DispatchOptions extends DriveOptions {
  readonly triggers: readonly NamedTrigger[]
}

export interface Dispatch {
  status(): readonly DriveStatus[]
  /** Tries again what refused the engine. */
  resume(trigger: string): void
  /** Lets what is in flight end and be stored. */
  close(): Promise<void>
}

/** Delivers the events of all triggers: takes part in reading their topics, and drives the core for each trigger and partition. */
export async function createDispatch(options: DispatchOptions): Promise<Dispatch> {
  const { triggers, topics, log } = options
  const running = triggers.map((trigger) => driveTrigger(trigger, options))
  const names = [...new Set(triggers.map(({ definition }) => definition.on.topic))]
  const membership: Membership = await topics.join('mezz', names, {
    assigned(assignment) {
      for (const one of running) if (one.topic === assignment.topic) one.assigned(assignment)
    },
    revoked(topic, partition) {
      for (const one of running) if (one.topic === topic) one.revoked(partition)
    },
    failed: (error) => log('warn', 'the log cannot be reached', error),
  })

  return {
    status: () => running.map((one) => one.status()),
    resume(name) {
      for (const one of running) if (one.name === name) one.resume()
    },
    async close() {
      await Promise.all(running.map((one) => one.close()))
      await membership.leave()
    },
  }
}
