import type { DeliveryError } from './ledger.ts'
import type { LogRecord } from './topics.ts'

/** An event that was given up, as it is kept for people. */
export interface StoredDeadLetter {
  readonly id: string
  readonly trigger: string
  readonly topic: string
  readonly partition: number
  readonly record: LogRecord
  /** Deliveries so far, those of redrives included. */
  readonly attempts: number
  readonly error: DeliveryError
  /** Equal for dead letters of one trigger that died of the same thing. */
  readonly fingerprint: string
  /** When it died last. */
  readonly at: Date
  /** When it is delivered again; `null` while nobody has asked for it. */
  readonly redriveAt: Date | null
}

/** Dead letters of one fingerprint. */
export interface DeadLetterGroup {
  readonly fingerprint: string
  readonly trigger: string
  readonly count: number
  /** How many of them are being delivered again. */
  readonly redriving: number
  readonly firstAt: Date
  readonly lastAt: Date
  /** Of the newest. */
  readonly error: DeliveryError
  /** Versions of the function that they died of. */
  readonly versions: readonly string[]
}

/** Which dead letters are meant: those for which all that is said holds. */
export interface WhichDeadLetters {
  readonly id?: string | undefined
  readonly trigger?: string | undefined
  readonly fingerprint?: string | undefined
  /** Those that died then or later. */
  readonly since?: Date | undefined
  /** Of the event's flow run. */
  readonly correlationid?: string | undefined
}

/** Dead letters from their burial until they are handled after all, discarded, or too old to keep. */
export interface DeadLetters {
  groups(): Promise<readonly DeadLetterGroup[]>
  /** The newest first; `after` is the id of the last that was seen. */
  list(
    which: WhichDeadLetters,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<readonly StoredDeadLetter[]>
  find(id: string): Promise<StoredDeadLetter | null>
  /** Asks that they are delivered again, `rate` a second at most; those that are asked for already stay as they are. Answers with how many were asked for now. */
  redrive(which: WhichDeadLetters, options: { readonly rate?: number | undefined }): Promise<number>
  /** False where it was not there. */
  discard(id: string): Promise<boolean>

  /** Runs `work` as the team's only redriver; waits until it is, or the signal ends. */
  alone(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>
  /** Those that are due and not among `underWay`, the first asked for first. */
  due(most: number, underWay: readonly string[]): Promise<readonly StoredDeadLetter[]>
  /** Milliseconds until the next of the others is due; `null` where none is asked for. */
  nextDue(underWay: readonly string[]): Promise<number | null>
  /** It was handled. */
  done(id: string): Promise<void>
  /** It was not: it is due again at `redriveAt`, or dead again where that is `null`. */
  failed(
    id: string,
    outcome: { readonly attempts: number; readonly error: DeliveryError; readonly redriveAt: Date | null },
  ): Promise<void>
  /** Resolves when some may be due, or the signal ends. */
  rung(signal: AbortSignal): Promise<void>
}
