import type { Claimed } from '../../runtime/ledger.ts'
import type { Io } from '../../triggers/engine/core/io.ts'
import type { createPartition, Partition } from '../../triggers/engine/core/partition.ts'
import type { createSlots, Slots } from '../../triggers/engine/core/slots.ts'
import type { SimulatedClock } from './clock.ts'
import type { Judge } from './judge.ts'
import type { SimulatedLedger } from './ledger.ts'
import type { SimulatedLog } from './log.ts'
import type { Plan } from './plan.ts'
import { isTooOld } from './plan.ts'
import { Broken } from './promises.ts'
import type { Random } from './random.ts'
import type { Target } from './target.ts'

/** What is put to the test. */
export interface Core {
  readonly createPartition: typeof createPartition
  readonly createSlots: typeof createSlots
}

/** What the members of one schedule share. */
export interface World {
  readonly core: Core
  readonly plan: Plan
  readonly clock: SimulatedClock
  readonly random: Random
  readonly log: SimulatedLog
  readonly ledger: SimulatedLedger
  readonly target: Target
  readonly judge: Judge
  /** Why the trigger is stopped, if it is. */
  stopped(): string | undefined
  refused(): void
  /** Whether the budget has room; where it has none, the trigger stops for a while. */
  mayBury(): boolean
  halted(reason: string): void
  crashed(): void
}

/** One engine process, as the dispatcher will be: it claims what it is assigned, and gives up what is revoked. */
export interface Member {
  readonly isAlive: boolean
  readonly slots: Slots
  assign(partition: number): void
  revoke(partition: number): void
  pause(reason: string): void
  resume(): void
  crash(): void
  /** Time is about to pass: nothing that could be done now may be left. */
  probe(): void
}

/** What a member does with one partition that it was assigned, until that is revoked. */
interface Hold {
  isAssigned: boolean
  partition: Partition | undefined
  isWriting: boolean
}

/** A process that has just started. */
export function createMember(world: World): Member {
  const { core, plan, clock, random, log, ledger, target, judge } = world
  const slots = core.createSlots(plan.policy.parallel)
  const holds = new Map<number, Hold>()
  let isAlive = true
  let inFlight = 0

  function claim(name: number, hold: Hold): void {
    ledger.claim(name, (claimed) => {
      if (!isAlive || !hold.isAssigned) return
      if (claimed) open(name, hold, claimed)
      else clock.after(random.between(1, 20), () => hold.isAssigned && isAlive && claim(name, hold))
    })
  }

  function open(name: number, hold: Hold, claimed: Claimed): void {
    let wakes = 0
    let isFenced = false
    let hasStopped = false
    const io: Io = {
      now: () => clock.now,
      random: random.next,
      deliver(delivery, answer) {
        const started = { partition: name, epoch: claimed.epoch, delivery }
        const isRight = hold.isAssigned && !isFenced && world.stopped() === undefined
        if (!isRight) throw new Broken('pause', `offset ${delivery.record.offset} is delivered after a stop`)
        if (++inFlight > plan.policy.parallel) throw new Broken('parallel', `${inFlight} deliveries at once`)
        judge.starts(started, ledger.account(name))
        target.deliver({ partition: name, record: delivery.record, crash }, (outcome) => {
          if (!isAlive) return judge.vanishes(started)
          inFlight--
          judge.ends(started, outcome, ledger.account(name))
          answer(outcome)
        })
      },
      write(changes, answer) {
        if (changes.stop !== undefined && !hasStopped) throw new Broken('pause', 'it stops and does not say so')
        hold.isWriting = true
        ledger.write(name, claimed.epoch, changes, (stored) => {
          if (!isAlive) return
          hold.isWriting = stored === 'unknown'
          answer(stored)
        })
      },
      read(from, most, answer) {
        judge.reads(from, most, hold.partition?.status().position ?? claimed.position)
        log.read(name, from, most, (records) => isAlive && answer(records))
      },
      wake(at) {
        const turn = ++wakes
        clock.after(Math.max(0, at - clock.now), () => isAlive && turn === wakes && partition.tick())
      },
      refused: world.refused,
      mayBury({ offset }) {
        const isAllowed = world.mayBury()
        if (isAllowed) judge.permits(name, claimed.epoch, offset)
        else judge.withholds(name, claimed.epoch, offset)
        return isAllowed
      },
      stopped(reason) {
        hasStopped = true
        world.halted(reason)
      },
      isTooOld: (record) => isTooOld(plan, record, clock.now),
      fenced() {
        isFenced = true
        hold.partition = undefined
        // Its claim was overtaken by an older one that came late: who is still assigned claims again.
        clock.after(random.between(5, 60), () => isAlive && hold.isAssigned && claim(name, hold))
      },
    }
    const { policy, limits } = plan
    const partition = core.createPartition({ policy, limits, slots, claimed, io, paused: world.stopped() })
    hold.partition = partition
  }

  function crash(): void {
    if (isAlive) world.crashed()
    isAlive = false
  }

  return {
    get isAlive() {
      return isAlive
    },
    slots,
    assign(name) {
      const hold = { isAssigned: true, partition: undefined, isWriting: false }
      holds.set(name, hold)
      claim(name, hold)
    },
    revoke(name) {
      const hold = holds.get(name)
      if (!hold) return
      hold.isAssigned = false
      holds.delete(name)
      const { partition } = hold
      if (!partition) return
      if (random.chance(0.5)) return partition.abandon()
      let isClosed = false
      partition.close(() => {
        isClosed = true
        judge.closes(partition, ledger.account(name))
      })
      clock.after(500, () => {
        if (isAlive && !isClosed) partition.abandon()
      })
    },
    pause(reason) {
      for (const { partition } of holds.values()) partition?.pause(reason)
    },
    resume() {
      for (const { partition } of holds.values()) if (world.stopped() === undefined) partition?.resume()
    },
    crash,
    probe() {
      if (slots.used >= plan.policy.parallel || world.stopped() !== undefined) return
      for (const [name, { partition, isWriting }] of holds) if (partition) judge.probes(name, partition, isWriting)
    },
  }
}
