import type { Parked } from '../../runtime/ledger.ts'
import type { LogRecord } from '../../runtime/topics.ts'
import type { Outcome, Policy } from '../../triggers/engine/core/policy.ts'
import type { Account } from './account.ts'
import { at, fail } from './promises.ts'

/** What the ledger says of an event. */
export type State = 'open' | 'parked' | 'handled' | 'dead'
export type Verdict = 'done' | 'retry' | 'refused' | 'dead'

/** What one owner found, and what it did since. */
export interface Tenure {
  readonly found: ReadonlyMap<number, Parked>
  readonly settled: ReadonlySet<number>
  readonly flying: Set<number>
  readonly done: Set<number>
  /** Attempts that count. */
  readonly attempts: Map<number, number>
  readonly last: Map<number, { readonly outcome: Outcome; readonly verdict: Verdict; readonly at: number }>
  /** What may be given up. */
  readonly permitted: Set<number>
}

/** All that was seen of one partition. */
export interface Book {
  readonly records: LogRecord[]
  readonly states: Map<number, State>
  readonly tenures: Map<number, Tenure>
  /** Deliveries that count, and how many owners made them. */
  readonly deliveries: Map<number, number>
  readonly owners: Map<number, number>
  /** Events that had a delivery whose answer never came to their owner: an effect may follow. */
  readonly unknown: Set<number>
}

/** The books of all partitions. */
export interface Books {
  of(partition: number): Book
  tenure(partition: number, epoch: number): Tenure
}

/** Empty books. */
export function createBooks(partitions: number): Books {
  const books: Book[] = Array.from({ length: partitions }, () => ({
    records: [],
    states: new Map(),
    tenures: new Map(),
    deliveries: new Map(),
    owners: new Map(),
    unknown: new Set(),
  }))
  const of = (partition: number) => books[partition] ?? fail('no crash', `no partition ${partition}`)
  return {
    of,
    tenure: (partition, epoch) =>
      of(partition).tenures.get(epoch) ?? fail('no crash', `epoch ${epoch} was never claimed`),
  }
}

/** Attempts at an event that count, those of earlier owners included as far as they were written. */
export function countOf({ attempts, found }: Tenure, offset: number): number {
  return attempts.get(offset) ?? found.get(offset)?.attempts ?? 0
}

/** What the ledger says of an event. */
export function stateOf(account: Account, offset: number): State {
  if (account.dead.has(offset)) return account.parked.has(offset) ? fail('one terminal state', at(offset)) : 'dead'
  if (account.parked.has(offset)) return 'parked'
  return isPassed(account, offset) ? 'handled' : 'open'
}

/** Whether a position and its ranges have passed an event. */
export function isPassed({ position, ranges }: Account, offset: number): boolean {
  return offset < position || ranges.some(([from, to]) => offset >= from && offset < to)
}

/** The shortest and the longest time that a policy lets an event wait after its last answer. */
export function waits(
  policy: Policy,
  attempts: number,
  { retryAfter = 0 }: Outcome,
): { readonly least: number; readonly most: number } {
  const whole = Math.min(policy.backoff.most, policy.backoff.first * 2 ** (attempts - 1))
  return { least: Math.max(whole / 2, retryAfter), most: Math.max(whole, retryAfter) }
}

/** What must arrive in order with an event: the events of the same lane. */
export function laneOf(policy: Policy, { offset, key }: LogRecord): string {
  return policy.order === 'none' ? `${offset}` : policy.order === 'key' ? key : ''
}

/** Said again here, so that a mistake in the core's table is not judged by itself. */
export function verdictOf(status: number | null): Verdict {
  if (status === null || status >= 500) return 'retry'
  if (status < 300) return 'done'
  if (status === 401 || status === 403) return 'refused'
  return [404, 408, 409, 425, 429].includes(status) ? 'retry' : 'dead'
}
