/** The promises that are held against each schedule. */
export type Promised =
  | 'one terminal state'
  | 'position'
  | 'order'
  | 'attempts'
  | 'attempt written first'
  | 'backoff'
  | 'age'
  | 'dead letter'
  | 'rows'
  | 'parallel'
  | 'bounds'
  | 'pause'
  | 'close'
  | 'liveness'
  | 'stall'
  | 'no crash'

/** A promise was broken. */
export class Broken extends Error {
  readonly promise: Promised
  constructor(promise: Promised, message: string) {
    super(`${promise}: ${message}`)
    this.promise = promise
  }
}

/** Names an event in a message. */
export const at = (offset: number) => `offset ${offset}`

/** Holds a promise against what was seen. */
export function expect(holds: boolean, promise: Promised, message: string): void {
  if (!holds) fail(promise, message)
}

/** Says that a promise was broken. */
export function fail(promise: Promised, message: string): never {
  throw new Broken(promise, message)
}
