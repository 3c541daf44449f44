import type { Envelope } from './event.ts'

/** When each schedule was told of last. The engine alone touches it. */
export interface Schedules {
  /** The last instant that was told of; of one that is seen for the first time `now`, which is kept. */
  last(trigger: string, now: Date): Promise<Date>
  /** Moves the last instant on and puts the event into the outbox, together; false where another engine has moved it on, and nothing has changed. */
  tell(
    trigger: string,
    instants: { readonly last: Date; readonly at: Date },
    event: { readonly topic: string; readonly envelope: Omit<Envelope, 'time'> },
  ): Promise<boolean>
}
