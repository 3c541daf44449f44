import { PlatformError } from './errors.ts'

/** Bytes of an object; `end` exclusive. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Throws `invalid_input` unless these are whole numbers, 0 ≤ start ≤ end. */
export function checkRange({ start, end }: ByteRange): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end) return
  throw new PlatformError('invalid_input', `bytes ${start} to ${end} are no range: use whole numbers, 0 ≤ start ≤ end`)
}
