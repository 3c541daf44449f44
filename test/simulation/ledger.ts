import type { Changes, Claimed } from '../../runtime/ledger.ts'
import type { Stored } from '../../triggers/engine/core/io.ts'
import type { Account } from './account.ts'
import type { SimulatedClock } from './clock.ts'
import type { Judge } from './judge.ts'
import type { Random } from './random.ts'

/** A ledger in memory behind a network: requests and answers are late or lost, a request may arrive after its sender gave it up. */
export interface SimulatedLedger {
  account(partition: number): Account
  /** `null` where no answer came. */
  claim(partition: number, answer: (claimed: Claimed | null) => void): void
  write(partition: number, epoch: number, changes: Changes, answer: (stored: Stored) => void): void
}

/** `trouble` is the share of requests that go wrong, asked anew each time. */
export function createLedger(
  accounts: readonly Account[],
  judge: Judge,
  { clock, random, trouble }: { clock: SimulatedClock; random: Random; trouble(): number },
): SimulatedLedger {
  const accountOf = (partition: number) => {
    const account = accounts[partition]
    if (!account) throw new Error(`no partition ${partition}`)
    return account
  }

  /** Lets a request arrive, or not, and its answer, or not. */
  function send<result>(request: () => result, answer: (result: result) => void, lost: () => void): void {
    const delay = random.between(0, 8)
    if (!random.chance(trouble())) {
      clock.after(delay, () => {
        const result = request()
        clock.after(random.between(0, 4), () => answer(result))
      })
      return
    }
    clock.after(30, lost)
    const arrival = random.pick(['never', 'soon', 'late'])
    if (arrival !== 'never') clock.after(arrival === 'soon' ? delay : random.between(31, 250), request)
  }

  return {
    account: accountOf,
    claim(partition, answer) {
      const request = (): Claimed => {
        const account = accountOf(partition)
        account.epoch++
        account.number = 0
        judge.claims(partition, account)
        const { epoch, position, ranges, parked } = account
        return { epoch, position, ranges: [...ranges], parked: [...parked.values()].reverse() }
      }
      send(request, answer, () => answer(null))
    },
    write(partition, epoch, changes, answer) {
      const request = (): Stored => {
        const account = accountOf(partition)
        if (account.epoch !== epoch) return 'fenced'
        if (account.number >= changes.number) return 'stored'
        judge.writes(partition, account, changes)
        account.number = changes.number
        account.position = changes.position
        account.ranges = changes.ranges
        for (const row of changes.park) account.parked.set(row.record.offset, row)
        for (const { offset, attempts, due } of changes.update) {
          const row = account.parked.get(offset)
          if (row) account.parked.set(offset, { record: row.record, attempts, due })
        }
        for (const offset of changes.unpark) account.parked.delete(offset)
        for (const letter of changes.dead) account.dead.set(letter.record.offset, letter)
        judge.wrote(partition, account)
        return 'stored'
      }
      send(request, answer, () => answer('unknown'))
    },
  }
}
