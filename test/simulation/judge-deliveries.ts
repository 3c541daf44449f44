import type { Delivery } from '../../triggers/engine/core/io.ts'
import type { Partition } from '../../triggers/engine/core/partition.ts'
import type { Outcome } from '../../triggers/engine/core/policy.ts'
import type { Account } from './account.ts'
import type { Books, Tenure } from './book.ts'
import { countOf, laneOf, verdictOf, waits } from './book.ts'
import type { SimulatedClock } from './clock.ts'
import type { Plan } from './plan.ts'
import { isTooOld } from './plan.ts'
import { at, expect } from './promises.ts'

/** A delivery that was started. */
export interface Started {
  readonly partition: number
  readonly epoch: number
  readonly delivery: Delivery
}

/** Sees what an engine does, and throws as soon as a promise is broken. */
export interface DeliveryJudge {
  starts(started: Started, account: Account): void
  ends(started: Started, outcome: Outcome, account: Account): void
  /** The event may be given up. */
  permits(partition: number, epoch: number, offset: number): void
  /** The last attempt does not count: it is to be made again. */
  withholds(partition: number, epoch: number, offset: number): void
  /** The engine is gone that would have got the answer. */
  vanishes(started: Started): void
  reads(from: number, most: number, position: number): void
  /** Called when a partition says that all has ended and is stored. */
  closes(core: Partition, account: Account): void
  /** Called when a slot is free and time passes: no event may be left that could be delivered. */
  probes(partition: number, core: Partition, isWriting: boolean): void
}

/** Judges the deliveries of one schedule. */
export function createDeliveryJudge(plan: Plan, books: Books, clock: SimulatedClock): DeliveryJudge {
  const { policy, limits } = plan
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
    return clock.now > last.at + waits(policy, count, last.outcome).most
  }

  function uncount(partition: number, tenure: Tenure, offset: number): void {
    const { deliveries } = books.of(partition)
    tenure.attempts.set(offset, countOf(tenure, offset) - 1)
    deliveries.set(offset, (deliveries.get(offset) ?? 0) - 1)
  }

  return {
    starts({ partition, epoch, delivery: { record, attempt } }, account) {
      const book = books.of(partition)
      const tenure = books.tenure(partition, epoch)
      const { offset } = record
      // A later attempt may have been fit to be made when it was written.
      const isFresh = attempt > 1 || !isTooOld(plan, record, clock.now)
      expect(isFresh, 'age', `${at(offset)} is delivered although it is too old`)
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
      const rest = last?.verdict === 'retry' ? last.at + waits(policy, count, last.outcome).least : (found?.due ?? 0)
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
      const book = books.of(partition)
      const tenure = books.tenure(partition, epoch)
      const { offset } = record
      const verdict = verdictOf(outcome.status)
      tenure.flying.delete(offset)
      tenure.last.set(offset, { outcome, verdict, at: clock.now })
      if (verdict === 'done') tenure.done.add(offset)
      if (outcome.status === null || account.epoch !== epoch) book.unknown.add(offset)
      if (verdict === 'refused') uncount(partition, tenure, offset)
    },
    permits(partition, epoch, offset) {
      books.tenure(partition, epoch).permitted.add(offset)
    },
    withholds(partition, epoch, offset) {
      const tenure = books.tenure(partition, epoch)
      const last = tenure.last.get(offset)
      expect(last !== undefined, 'dead letter', `${at(offset)} is to be buried without an attempt`)
      if (last) tenure.last.set(offset, { ...last, verdict: 'refused' })
      uncount(partition, tenure, offset)
    },
    vanishes({ partition, delivery }) {
      books.of(partition).unknown.add(delivery.record.offset)
    },
    reads(from, most, position) {
      expect(most > 0 && from + most - position <= limits.window, 'bounds', `reads ${most} from ${from} at ${position}`)
    },
    closes(core, account) {
      const { inFlight, position } = core.status()
      if (core.epoch !== account.epoch) return
      expect(inFlight === 0, 'close', `${inFlight} deliveries are in flight`)
      expect(position === account.position, 'close', `${position} is stored as ${account.position}`)
    },
    probes(partition, core, isWriting) {
      const book = books.of(partition)
      if (book.tenures.has(core.epoch + 1)) return
      const tenure = books.tenure(partition, core.epoch)
      const { next, parked } = core.status()
      const blocked = new Set<string>()
      for (const record of book.records) {
        const { offset } = record
        if (offset >= next && !tenure.found.has(offset)) continue
        if (tenure.done.has(offset) || tenure.settled.has(offset)) continue
        const lane = laneOf(policy, record)
        const isDead = book.states.get(offset) === 'dead'
        if (blocked.has(lane) || (isDead && !isWriting)) continue
        blocked.add(lane)
        if (isDead) continue
        const isBuried = isTooOld(plan, record, clock.now) && isWriting
        const isLeft = !isBuried && canStart(tenure, offset, parked >= limits.parked, isWriting)
        expect(!isLeft, 'stall', `${at(offset)} could be delivered and is not`)
      }
    },
  }
}
