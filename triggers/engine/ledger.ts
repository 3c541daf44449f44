export type { Ledger, PositionName, Start } from '../../runtime/ledger.ts'
