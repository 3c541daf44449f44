import { isDeepStrictEqual } from 'node:util'
import type { LogRecord } from '../../runtime/topics.ts'
import type { Delivery } from '../../triggers/engine/core/io.ts'
import type { Partition } from '../../triggers/engine/core/partition.ts'
import type { Outcome } from '../../triggers/engine/core/policy.ts'
import type { Changes, DeadLetter, Parked } from '../../triggers/engine/core/rows.ts'
import type { SimulatedClock } from './clock.ts'
import type { Account } from './ledger.ts'
import type { Plan } from './plan.ts'
import type { Effect } from './target.ts'

/** The promises that are held against each schedule. */
export type Promised =
  | 'one terminal state'
  | 'position'
  | 'order'
  | 'attempts'
  | 'attempt written first'
  | 'backoff'
  | 'dead letter'
  | 'rows'
  | 'parallel'
  | 'bounds'
  | 'pause'
  | 'close'
  | 'liveness'
  | 'stall'
  | 'no crash'

/** A promise was broken. */
export class Broken extends Error {
  readonly promise: Promised
  constructor(promise: Promised, message: string) {
    super(`${promise}: ${message}`)
    this.promise = promise
  }
}

/** A delivery that was started. */
export interface Started {
  readonly partition: number
  readonly epoch: number
  readonly delivery: Delivery
}

/** Sees all that the engine asks of its surroundings, and throws as soon as a promise is broken. */
export interface Judge {
  appended(partition: number, record: LogRecord): void
  /** Called when a claim has raised the epoch. */
  claims(partition: number, account: Account): void
  starts(started: Started, account: Account): void
  ends(started: Started, outcome: Outcome, account: Account): void
  /** The engine is gone that would have got the answer. */
  vanishes(started: Started): void
  reads(from: number, most: number, position: number): void
  /** Called when a partition says that all has ended and is stored. */
  closes(partition: Partition, account: Account): void
  /** Called before changes are applied. */
  writes(partition: number, account: Account, changes: Changes): void
  /** Called after. */
  wrote(partition: number, account: Account): void
  /** Called when a slot is free and time passes: no event may be left that could be delivered. */
  probes(partition: number, core: Partition, isWriting: boolean): void
  /** Called when nothing is left to do. */
  rests(accounts: readonly Account[], effects: readonly Effect[]): void
}

type State = 'open' | 'parked' | 'handled' | 'dead'
type Verdict = 'done' | 'retry' | 'refused' | 'dead'

/** What one owner found, and what it did since. */
interface Tenure {
  readonly found: ReadonlyMap<number, Parked>
  readonly settled: ReadonlySet<number>
  readonly flying: Set<number>
  readonly done: Set<number>
  /** Attempts that count. */
  readonly attempts: Map<number, number>
  readonly last: Map<number, { readonly outcome: Outcome; readonly verdict: Verdict; readonly at: number }>
}

interface Book {
  readonly records: LogRecord[]
  readonly states: Map<number, State>
  readonly tenures: Map<number, Tenure>
  /** Deliveries that count, and how many owners made them. */
  readonly deliveries: Map<number, number>
  readonly owners: Map<number, number>
  /** Events that had a delivery whose answer never came to their owner: an effect may follow. */
  readonly unknown: Set<number>
}

/** A judge of one schedule. */
export function createJudge({ policy, limits, partitions }: Plan, clock: SimulatedClock): Judge {
  const books: Book[] = Array.from({ length: partitions }, () => ({
    records: [],
    states: new Map(),
    tenures: new Map(),
    deliveries: new Map(),
    owners: new Map(),
    unknown: new Set(),
  }))
  const bookOf = (partition: number) => books[partition] ?? fail('no crash', `no partition ${partition}`)
  const tenureOf = (book: Book, epoch: number) =>
    book.tenures.get(epoch) ?? fail('no crash', `epoch ${epoch} was never claimed`)
  const countOf = ({ attempts, found }: Tenure, offset: number) =>
    attempts.get(offset) ?? found.get(offset)?.attempts ?? 0

  function stateOf(account: Account, offset: number): State {
    if (account.dead.has(offset)) return account.parked.has(offset) ? fail('one terminal state', at(offset)) : 'dead'
    if (account.parked.has(offset)) return 'parked'
    return isPassed(account, offset) ? 'handled' : 'open'
  }

  /** The shortest and the longest time that a policy lets an event wait after its last answer. */
  function waits(attempts: number, { retryAfter = 0 }: Outcome): { readonly least: number; readonly most: number } {
    const whole = Math.min(policy.backoff.most, policy.backoff.first * 2 ** (attempts - 1))
    return { least: Math.max(whole / 2, retryAfter), most: Math.max(whole, retryAfter) }
  }

  function checkRow(tenure: Tenure, { offset, attempts, due }: Changes['update'][number], isNew: boolean): void {
    const count = countOf(tenure, offset)
    const last = tenure.last.get(offset)
    expect(
      attempts === count || (attempts === count + 1 && count > 0),
      'rows',
      `${at(offset)} ${attempts}, not ${count}`,
    )
    if (last?.verdict === 'retry') {
      const { least, most } = waits(count, last.outcome)
      const waited = due - last.at
      expect(waited >= least && waited <= most, 'backoff', `${at(offset)} waits ${waited}, not ${least} to ${most}`)
    } else if (isNew) {
      expect(attempts === 0 && due <= clock.now, 'rows', `${at(offset)} was never tried: ${attempts}, ${due}`)
    }
  }

  function checkLetter(tenure: Tenure, { record, attempts, error }: DeadLetter, known: LogRecord | undefined): void {
    const where = at(record.offset)
    const last =
      tenure.last.get(record.offset) ?? fail('dead letter', `${where} without an attempt that ended since the takeover`)
    const count = countOf(tenure, record.offset)
    const isDue = last.verdict === 'dead' || (last.verdict === 'retry' && count >= policy.attempts)
    expect(isDue, 'dead letter', `${where} after attempt ${count} that was answered ${last.outcome.status}`)
    expect(attempts === count, 'dead letter', `${where} tells ${attempts} attempts, not ${count}`)
    expect(error.status === last.outcome.status && error.code === last.outcome.code, 'dead letter', `${where} error`)
    expect(isDeepStrictEqual(record, known), 'dead letter', `${where} is not the record`)
  }

  function checkShape(account: Account, changes: Changes, book: Book): void {
    const offsets = new Set<number>()
    const once = (offset: number) => {
      expect(!offsets.has(offset), 'rows', `${at(offset)} twice in one write`)
      offsets.add(offset)
    }
    for (const { record } of changes.park) {
      once(record.offset)
      expect(!account.parked.has(record.offset), 'rows', `${at(record.offset)} is parked already`)
      const known = book.records.find(({ offset }) => offset === record.offset)
      expect(isDeepStrictEqual(record, known), 'rows', `${at(record.offset)} is not the record`)
    }
    for (const offset of [...changes.update.map((row) => row.offset), ...changes.unpark]) {
      once(offset)
      expect(account.parked.has(offset), 'rows', `${at(offset)} is not parked`)
    }
    for (const { record } of changes.dead) {
      expect(!account.dead.has(record.offset), 'one terminal state', `${at(record.offset)} is dead already`)
    }
    expect(changes.number === account.number + 1, 'rows', `write ${changes.number} after ${account.number}`)
    expect(changes.position >= account.position, 'position', `back from ${account.position} to ${changes.position}`)
    let above = changes.position
    for (const [from, to] of changes.ranges) {
      expect(from > above && to > from, 'position', `ranges ${JSON.stringify(changes.ranges)} of ${changes.position}`)
      above = to
    }
    const inWindow = book.records.filter(({ offset }) => offset >= changes.position && offset < above)
    expect(inWindow.length <= limits.window, 'bounds', `${inWindow.length} records between position and range`)
  }

  return {
    appended(partition, record) {
      bookOf(partition).records.push(record)
    },
    claims(partition, account) {
      const book = bookOf(partition)
      const settled = new Set<number>()
      for (const { offset } of book.records) {
        const state = stateOf(account, offset)
        if (state === 'handled' || state === 'dead') settled.add(offset)
      }
      book.tenures.set(account.epoch, {
        found: new Map(account.parked),
        settled,
        flying: new Set(),
        done: new Set(),
        attempts: new Map(),
        last: new Map(),
      })
    },
    starts({ partition, epoch, delivery: { record, attempt } }, account) {
      const book = bookOf(partition)
      const tenure = tenureOf(book, epoch)
      const { offset } = record
      const isAgain = tenure.settled.has(offset) || tenure.done.has(offset)
      expect(!isAgain, 'one terminal state', `${at(offset)} is delivered after it was settled`)
      expect(!tenure.flying.has(offset), 'order', `${at(offset)} is in flight twice`)
      for (const before of book.records) {
        if (policy.order === 'none' || before.offset >= offset) break
        if (policy.order === 'key' && before.key !== record.key) continue
        const isSettled =
          tenure.done.has(before.offset) ||
          tenure.settled.has(before.offset) ||
          book.states.get(before.offset) === 'dead'
        expect(isSettled, 'order', `${at(offset)} is delivered before ${at(before.offset)} is settled`)
      }
      const found = tenure.found.get(offset)
      const base = found?.attempts ?? 0
      const count = countOf(tenure, offset)
      expect(attempt === count + 1, 'attempts', `${at(offset)} attempt ${attempt} after ${count}`)
      expect(attempt <= Math.max(policy.attempts, base + 1), 'attempts', `${at(offset)} attempt ${attempt}`)
      if (attempt > 1 && account.epoch === epoch) {
        const written = account.parked.get(offset)?.attempts ?? 0
        expect(written >= attempt, 'attempt written first', `${at(offset)} attempt ${attempt}, row ${written}`)
      }
      const last = tenure.last.get(offset)
      const rest = last?.verdict === 'retry' ? last.at + waits(count, last.outcome).least : (found?.due ?? 0)
      expect(clock.now >= rest, 'backoff', `${at(offset)} is delivered ${rest - clock.now} ms too early`)
      const deliveries = (book.deliveries.get(offset) ?? 0) + 1
      const owners = (book.owners.get(offset) ?? 0) + (tenure.attempts.has(offset) ? 0 : 1)
      book.owners.set(offset, owners)
      expect(deliveries < policy.attempts + owners, 'attempts', `${at(offset)}: ${deliveries} by ${owners} owners`)
      tenure.flying.add(offset)
      tenure.attempts.set(offset, attempt)
      book.deliveries.set(offset, deliveries)
    },
    ends({ partition, epoch, delivery: { record } }, outcome, account) {
      const book = bookOf(partition)
      const tenure = tenureOf(book, epoch)
      const { offset } = record
      const verdict = verdictOf(outcome.status)
      tenure.flying.delete(offset)
      tenure.last.set(offset, { outcome, verdict, at: clock.now })
      if (verdict === 'done') tenure.done.add(offset)
      if (outcome.status === null || account.epoch !== epoch) book.unknown.add(offset)
      if (verdict === 'refused') {
        tenure.attempts.set(offset, countOf(tenure, offset) - 1)
        book.deliveries.set(offset, (book.deliveries.get(offset) ?? 0) - 1)
      }
    },
    vanishes({ partition, delivery }) {
      bookOf(partition).unknown.add(delivery.record.offset)
    },
    reads(from, most, position) {
      expect(most > 0 && from + most - position <= limits.window, 'bounds', `reads ${most} from ${from} at ${position}`)
    },
    closes(partition, account) {
      const { inFlight, position } = partition.status()
      if (partition.epoch !== account.epoch) return
      expect(inFlight === 0, 'close', `${inFlight} deliveries are in flight`)
      expect(position === account.position, 'close', `${position} is stored as ${account.position}`)
    },
    writes(partition, account, changes) {
      const book = bookOf(partition)
      const tenure = tenureOf(book, account.epoch)
      checkShape(account, changes, book)
      for (const { record, attempts, due } of changes.park) {
        checkRow(tenure, { offset: record.offset, attempts, due }, true)
      }
      for (const row of changes.update) checkRow(tenure, row, false)
      for (const letter of changes.dead) {
        const known = book.records.find(({ offset }) => offset === letter.record.offset)
        checkLetter(tenure, letter, known)
      }
    },
    wrote(partition, account) {
      const book = bookOf(partition)
      const tenure = tenureOf(book, account.epoch)
      const openKeys = new Set<string>()
      for (const { offset, key } of book.records) {
        const before = book.states.get(offset) ?? 'open'
        const state = stateOf(account, offset)
        book.states.set(offset, state)
        if (state === 'open') openKeys.add(key)
        if (state === 'parked' && policy.order === 'key') {
          expect(!openKeys.has(key), 'order', `${at(offset)} is parked, and one before it of its key is not`)
        }
        if (before === state) continue
        const isFinal = before === 'handled' || before === 'dead'
        expect(!isFinal, 'one terminal state', `${at(offset)} was ${before} and is ${state}`)
        if (state === 'handled') expect(tenure.done.has(offset), 'position', `${at(offset)} is passed, not handled`)
        expect(state !== 'open', 'position', `${at(offset)} was parked and is gone`)
        if (state === 'dead') expect(isPassed(account, offset), 'position', `${at(offset)} is dead and not passed`)
        if (state === 'parked') expect(isPassed(account, offset), 'position', `${at(offset)} is parked and not passed`)
      }
      const most = limits.parked + policy.parallel
      expect(account.parked.size <= most, 'bounds', `${account.parked.size} parked rows`)
    },
    probes(partition, core, isWriting) {
      const book = bookOf(partition)
      const tenure = tenureOf(book, core.epoch)
      const { next, parked } = core.status()
      const blocked = new Set<string>()
      for (const { offset, key } of book.records) {
        if (offset >= next && !tenure.found.has(offset)) continue
        if (tenure.done.has(offset) || tenure.settled.has(offset)) continue
        const lane = laneOf(offset, key)
        const isDead = book.states.get(offset) === 'dead'
        if (blocked.has(lane) || (isDead && !isWriting)) continue
        blocked.add(lane)
        if (isDead) continue
        const isLeft = canStart(tenure, offset, parked >= limits.parked, isWriting)
        expect(!isLeft, 'stall', `${at(offset)} could be delivered and is not`)
      }
    },
    rests(accounts, effects) {
      const happened = new Set(effects.map(({ id }) => id))
      for (const [partition, account] of accounts.entries()) {
        const book = bookOf(partition)
        const where = `partition ${partition} at ${account.position}`
        expect(account.parked.size === 0, 'liveness', `${where}: ${account.parked.size} rows stay parked`)
        const end = (book.records.at(-1)?.offset ?? -1) + 1
        expect(account.position === end && account.ranges.length === 0, 'liveness', `${where} rests before ${end}`)
        const mine = effects.filter((effect) => effect.partition === partition)
        for (const { offset, value } of book.records) {
          const [id = ''] = value.split(' ')
          const isDead = stateOf(account, offset) === 'dead'
          if (!isDead) expect(happened.has(id), 'one terminal state', `${at(offset)} is handled without effect`)
          const isMute = !isDead || book.unknown.has(offset) || mine.every((effect) => effect.offset !== offset)
          expect(isMute, 'one terminal state', `${at(offset)} is dead and was handled`)
        }
        checkEffects(
          book,
          mine.filter(({ offset }) => stateOf(account, offset) === 'handled'),
        )
      }
    },
  }

  function laneOf(offset: number, key: string): string {
    return policy.order === 'none' ? `${offset}` : policy.order === 'key' ? key : ''
  }

  function canStart(tenure: Tenure, offset: number, isFull: boolean, isWriting: boolean): boolean {
    if (tenure.flying.has(offset)) return false
    const last = tenure.last.get(offset)
    const count = countOf(tenure, offset)
    if (last === undefined || last.verdict === 'refused') {
      const row = tenure.found.get(offset)
      if (row && row.due > clock.now) return false
      return count === 0 ? !isFull : !isWriting
    }
    if (isWriting || last.verdict !== 'retry' || count >= policy.attempts) return false
    return clock.now > last.at + waits(count, last.outcome).most
  }

  function checkEffects(book: Book, effects: readonly Effect[]): void {
    if (policy.order === 'none') return
    const highest = new Map<string, number>()
    for (const { offset } of effects) {
      const record = book.records.find((known) => known.offset === offset)
      const key = laneOf(offset, record?.key ?? '')
      const before = highest.get(key) ?? -1
      expect(offset > before, 'order', `the effect of ${at(offset)} came after that of ${before}`)
      highest.set(key, offset)
    }
  }
}

function isPassed({ position, ranges }: Account, offset: number): boolean {
  return offset < position || ranges.some(([from, to]) => offset >= from && offset < to)
}

/** Said again here, so that a mistake in the core's table is not judged by itself. */
function verdictOf(status: number | null): Verdict {
  if (status === null || status >= 500) return 'retry'
  if (status < 300) return 'done'
  if (status === 401 || status === 403) return 'refused'
  return [404, 408, 409, 425, 429].includes(status) ? 'retry' : 'dead'
}

const at = (offset: number) => `offset ${offset}`

function expect(holds: boolean, promise: Promised, message: string): void {
  if (!holds) fail(promise, message)
}

function fail(promise: Promised, message: string): never {
  throw new Broken(promise, message)
}
