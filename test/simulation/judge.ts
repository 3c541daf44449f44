import { createBooks } from './book.ts'
import type { SimulatedClock } from './clock.ts'
import type { DeliveryJudge } from './judge-deliveries.ts'
import { createDeliveryJudge } from './judge-deliveries.ts'
import type { LedgerJudge } from './judge-ledger.ts'
import { createLedgerJudge } from './judge-ledger.ts'
import type { Plan } from './plan.ts'

/** Sees all that the engine asks of its surroundings, and throws as soon as a promise is broken. */
export type Judge = DeliveryJudge & LedgerJudge

/** A judge of one schedule. */
export function createJudge(plan: Plan, clock: SimulatedClock): Judge {
  const books = createBooks(plan.partitions)
  return { ...createDeliveryJudge(plan, books, clock), ...createLedgerJudge(plan, books, clock) }
}
