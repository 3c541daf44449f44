import { createAccounts } from './account.ts'
import { createClock } from './clock.ts'
import { createJudge } from './judge.ts'
import { createLedger } from './ledger.ts'
import { createLog } from './log.ts'
import type { Core, Member, World } from './member.ts'
import { createMember } from './member.ts'
import { createPlan } from './plan.ts'
import type { Promised } from './promises.ts'
import { Broken } from './promises.ts'
import { createRandom } from './random.ts'
import { createTarget } from './target.ts'

/** What came of one schedule. */
export interface Verdict {
  readonly broken: { readonly promise: Promised; readonly message: string } | undefined
  /** Milliseconds of simulated time. */
  readonly took: number
  readonly deliveries: number
  readonly dead: number
  readonly epochs: number
}

const STEPS = 20_000

/** Runs one schedule to its rest and judges it; the same seed, the same run. */
export function simulate(core: Core, seed: number): Verdict {
  const random = createRandom(seed)
  const clock = createClock()
  const start = clock.now
  const plan = createPlan(random, start)
  const judge = createJudge(plan, clock)
  const accounts = createAccounts(plan.partitions)
  const isOver = () => clock.now - start >= plan.end
  const ledger = createLedger(accounts, judge, { clock, random, trouble: () => (isOver() ? 0 : plan.trouble) })
  const log = createLog(clock, random)
  const target = createTarget(plan, clock, random)
  let deliveries = 0
  let stopped: string | undefined
  let members: Member[] = []
  const owners = new Map<number, Member>()
  const mail = new Map<Member, number>()

  const world: World = {
    core,
    plan,
    clock,
    random,
    log,
    ledger,
    judge,
    target: {
      ...target,
      deliver(sent, answer) {
        deliveries++
        target.deliver(sent, answer)
      },
    },
    stopped: () => stopped,
    refused: () => stop('refused', random.between(20, 150)),
    mayBury() {
      if (isOver() || !random.chance(plan.thrift)) return true
      stop('too many dead letters', random.between(20, 150))
      return false
    },
    halted: (reason) => stop(reason, random.between(5, 60)),
    // The others notice only after a while.
    crashed: () => clock.after(random.between(10, 100), rebalance),
  }

  function stop(reason: string, milliseconds: number): void {
    if (stopped !== undefined) return
    stopped = reason
    for (const member of members) if (member.isAlive) member.pause(reason)
    clock.after(milliseconds, () => {
      stopped = undefined
      // The first that goes on may be the one that stops all again.
      for (const member of members) if (member.isAlive && stopped === undefined) member.resume()
    })
  }

  /** Messages reach a member in order, now and then so late that it works on as a zombie. */
  function tell(member: Member, message: () => void): void {
    const delay = random.chance(0.25) && !isOver() ? random.between(50, 400) : random.between(0, 10)
    const due = Math.max(mail.get(member) ?? 0, clock.now + delay)
    mail.set(member, due)
    clock.after(due - clock.now, () => member.isAlive && message())
  }

  function rebalance(): void {
    members = members.filter((member) => member.isAlive)
    while (members.length < plan.members) members.push(createMember(world))
    for (let partition = 0; partition < plan.partitions; partition++) {
      const before = owners.get(partition)
      const after = members[random.between(0, members.length - 1)]
      if (!after || (before === after && random.chance(0.7))) continue
      if (before) tell(before, () => before.revoke(partition))
      owners.set(partition, after)
      tell(after, () => after.assign(partition))
    }
  }

  rebalance()
  for (const { at, partition, record } of plan.appends) {
    clock.after(at, () => {
      judge.appended(partition, record)
      log.append(partition, record)
    })
  }
  for (const at of plan.rebalances) clock.after(at, rebalance)
  for (const at of plan.pauses) clock.after(at, () => stop('by hand', random.between(20, 150)))
  for (const at of plan.crashes) clock.after(at, () => members[random.between(0, members.length - 1)]?.crash())

  const probe = () => {
    for (const member of members) if (member.isAlive) member.probe()
  }
  let broken: Verdict['broken']
  try {
    if (!clock.run(STEPS, probe)) throw new Broken('liveness', 'does not come to rest')
    judge.rests(accounts, target.effects)
    const busy = members.find((member) => member.isAlive && member.slots.used > 0)
    if (busy) throw new Broken('liveness', `${busy.slots.used} slots are never given back`)
  } catch (error) {
    const promise = error instanceof Broken ? error.promise : 'no crash'
    broken = { promise, message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  const dead = accounts.reduce((sum, account) => sum + account.dead.size, 0)
  const epochs = accounts.reduce((sum, account) => sum + account.epoch, 0)
  return { broken, took: clock.now - start, deliveries, dead, epochs }
}
