/** How long things are kept, in milliseconds. */
export interface Retention {
  readonly log: number
  readonly deadLetters: number
  /** What was handled: at least as long as an event can come again. */
  readonly inbox: number
  readonly flows: number
  readonly jobs: number
}

/** What people may say of it; what they leave out has its default. */
export type GivenRetention = { readonly [kind in keyof Retention]?: number | undefined }

const DAY = 24 * 60 * 60 * 1000

/** Idempotency keys are kept so long, and blobs that nobody keeps since they were last put; milliseconds. */
export const IDEMPOTENCY = DAY
export const UNKEPT_BLOBS = DAY

/** With the defaults: the log 7 days, dead letters and jobs 30, flow runs 90, the inbox as long as log and dead letters together. */
export function retentionOf({ log = 7 * DAY, deadLetters = 30 * DAY, ...given }: GivenRetention): Retention {
  return {
    log,
    deadLetters,
    inbox: given.inbox ?? log + deadLetters,
    flows: given.flows ?? 90 * DAY,
    jobs: given.jobs ?? 30 * DAY,
  }
}

/** Whether events could come again after they were forgotten. */
export function forgetsTooSoon({ inbox, log, deadLetters }: Retention): boolean {
  return inbox < log + deadLetters
}
