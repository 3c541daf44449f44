import { hash } from 'node:crypto'
import type { DeliveryError } from './ledger.ts'

/** Parts of a message that differ from event to event: what is quoted, ids, digests, numbers. */
const PARTICULARS: readonly (readonly [RegExp, string])[] = [
  [/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '#'],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b/gi, '#'],
  [/\d+(\.\d+)?/g, '#'],
]

/** 16 hex digits that are equal for events of one trigger that died of the same thing, whatever values their messages name. */
export function fingerprintOf(trigger: string, { status, code, message }: DeliveryError): string {
  const general = PARTICULARS.reduce((text, [pattern, by]) => text.replace(pattern, by), message)
  return hash('sha256', JSON.stringify([trigger, status, code, general])).slice(0, 16)
}
