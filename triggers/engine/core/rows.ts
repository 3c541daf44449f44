export type { Changes, Claimed, DeadLetter, DeliveryError, Parked } from '../../../runtime/ledger.ts'
