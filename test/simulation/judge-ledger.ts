import { isDeepStrictEqual } from 'node:util'
import type { Changes, DeadLetter } from '../../runtime/ledger.ts'
import type { LogRecord } from '../../runtime/topics.ts'
import { TOO_OLD } from '../../triggers/engine/core/policy.ts'
import type { Account } from './account.ts'
import type { Book, Books, Tenure } from './book.ts'
import { countOf, isPassed, laneOf, stateOf, waits } from './book.ts'
import type { SimulatedClock } from './clock.ts'
import type { Plan } from './plan.ts'
import { isTooOld } from './plan.ts'
import { at, expect, fail } from './promises.ts'
import type { Effect } from './target.ts'

/** Sees what becomes of the ledger, and throws as soon as a promise is broken. */
export interface LedgerJudge {
  appended(partition: number, record: LogRecord): void
  /** Called when a claim has raised the epoch. */
  claims(partition: number, account: Account): void
  /** Called before changes are applied. */
  writes(partition: number, account: Account, changes: Changes): void
  /** Called after. */
  wrote(partition: number, account: Account): void
  /** Called when nothing is left to do. */
  rests(accounts: readonly Account[], effects: readonly Effect[]): void
}

/** Judges the writes of one schedule, and its end. */
export function createLedgerJudge(plan: Plan, books: Books, clock: SimulatedClock): LedgerJudge {
  const { policy, limits } = plan
  function checkRow(tenure: Tenure, { offset, attempts, due }: Changes['update'][number], isNew: boolean): void {
    const count = countOf(tenure, offset)
    const last = tenure.last.get(offset)
    expect(
      attempts === count || (attempts === count + 1 && count > 0),
      'rows',
      `${at(offset)} ${attempts}, not ${count}`,
    )
    if (last?.verdict === 'retry') {
      const { least, most } = waits(policy, count, last.outcome)
      const waited = due - last.at
      expect(waited >= least && waited <= most, 'backoff', `${at(offset)} waits ${waited}, not ${least} to ${most}`)
    } else if (isNew) {
      expect(attempts === 0 && due <= clock.now, 'rows', `${at(offset)} was never tried: ${attempts}, ${due}`)
    }
  }

  function checkLetter(tenure: Tenure, { record, attempts, error }: DeadLetter, known: LogRecord | undefined): void {
    const where = at(record.offset)
    const count = countOf(tenure, record.offset)
    expect(attempts === count, 'dead letter', `${where} tells ${attempts} attempts, not ${count}`)
    expect(isDeepStrictEqual(record, known), 'dead letter', `${where} is not the record`)
    if (error.code === TOO_OLD.code) {
      expect(isTooOld(plan, record, clock.now), 'age', `${where} is not too old`)
      return
    }
    const last =
      tenure.last.get(record.offset) ?? fail('dead letter', `${where} without an attempt that ended since the takeover`)
    expect(tenure.permitted.has(record.offset), 'dead letter', `${where} may not be given up`)
    const isDue = last.verdict === 'dead' || (last.verdict === 'retry' && count >= policy.attempts)
    expect(isDue, 'dead letter', `${where} after attempt ${count} that was answered ${last.outcome.status}`)
    expect(error.status === last.outcome.status && error.code === last.outcome.code, 'dead letter', `${where} error`)
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
    const stops = policy.afterDeadLetter === 'stop' && changes.dead.length > 0
    expect((changes.stop !== undefined) === stops, 'dead letter', `stops: ${changes.stop}`)
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

  function checkEffects(book: Book, effects: readonly Effect[]): void {
    if (policy.order === 'none') return
    const highest = new Map<string, number>()
    for (const { offset } of effects) {
      const record = book.records.find((known) => known.offset === offset)
      const key = record ? laneOf(policy, record) : ''
      const before = highest.get(key) ?? -1
      expect(offset > before, 'order', `the effect of ${at(offset)} came after that of ${before}`)
      highest.set(key, offset)
    }
  }

  return {
    appended(partition, record) {
      books.of(partition).records.push(record)
    },
    claims(partition, account) {
      const book = books.of(partition)
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
        permitted: new Set(),
      })
    },
    writes(partition, account, changes) {
      const book = books.of(partition)
      const tenure = books.tenure(partition, account.epoch)
      checkShape(account, changes, book)
      for (const { record, attempts, due } of changes.park) {
        checkRow(tenure, { offset: record.offset, attempts, due }, true)
      }
      for (const row of changes.update) checkRow(tenure, row, false)
      for (const letter of changes.dead) {
        const known = book.records.find(({ offset }) => offset === letter.record.offset)
        checkLetter(tenure, letter, known)
        // Nobody asked its target since the takeover: it may have been handled just before.
        if (letter.error.code === TOO_OLD.code) book.unknown.add(letter.record.offset)
      }
    },
    wrote(partition, account) {
      const book = books.of(partition)
      const tenure = books.tenure(partition, account.epoch)
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
    rests(accounts, effects) {
      const happened = new Set(effects.map(({ id }) => id))
      for (const [partition, account] of accounts.entries()) {
        const book = books.of(partition)
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
}
