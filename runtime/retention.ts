/** How long things are kept, in milliseconds. */
export interface Retention {
  readonly log: number
  readonly deadLetters: number
  /** What was handled: at least as long as an event can come again. */
  readonly inbox: number
  readonly flows: number
  /** What has ended: at least as long as its event can come again, since its outputs go with it. */
  readonly jobs: number
}

/** What people may say of it; what they leave out has its default. */
export type GivenRetention = { readonly [kind in keyof Retention]?: number | undefined }

const DAY = 24 * 60 * 60 * 1000

/** Idempotency keys are kept so long, and blobs that nobody keeps since they were last put; milliseconds. */
export const IDEMPOTENCY = DAY
export const UNKEPT_BLOBS = DAY

/** With the defaults: the log 7 days, dead letters 30, flow runs 90, the inbox and jobs as long as log and dead letters together. */
export function retentionOf({ log = 7 * DAY, deadLetters = 30 * DAY, ...given }: GivenRetention): Retention {
  return {
    log,
    deadLetters,
    inbox: given.inbox ?? log + deadLetters,
    flows: given.flows ?? 90 * DAY,
    jobs: given.jobs ?? log + deadLetters,
  }
}

/** Which of these would be forgotten while events can still come again that need them. */
export function forgottenTooSoon(retention: Retention): ('inbox' | 'jobs')[] {
  const again = retention.log + retention.deadLetters
  return (['inbox', 'jobs'] as const).filter((kind) => retention[kind] < again)
}
