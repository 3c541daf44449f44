import { AsyncLocalStorage } from 'node:async_hooks'
import type { Query } from './ports.ts'
import type { RequestDigest } from './request-digest.ts'
import type { Spans } from './spans.ts'
import type { Trace } from './trace.ts'

/** Who asks. The engine brings events and nothing else; everybody else is known by team, id and scopes. */
export interface Caller {
  readonly kind: 'engine' | 'user'
  readonly team: string
  readonly id: string
  /** CloudEvents auth context type of those whom events name as their cause. */
  readonly type: 'user' | 'service_account' | 'system'
  readonly scopes: readonly string[] | 'all'
}

/** The event that a handler was reached by, and whether its one transaction has been used. */
export interface IncomingEvent {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly path: string
  readonly correlationid: string
  readonly authtype: string
  readonly authid: string
  begun: boolean
}

/** Which events a function has handled: a table in its own schema. */
export interface Inbox {
  knows(event: IncomingEvent): Promise<boolean>
}

/** An answer that may be given again. */
export interface StoredAnswer {
  readonly status: number
  readonly type: string | null
  readonly location: string | null
  readonly body: string
}

/** What is known of a key that was used. */
export interface UsedKey {
  /** `null` where the effect was committed before the body was read to its end, and the answer was lost. */
  readonly digest: RequestDigest | null
  /** `null` where the effect was committed and its answer was lost, or may not be given again. */
  readonly answer: StoredAnswer | null
}

/** A key taken for one request; until `release`, or until its process ends, it is in flight. */
export interface TakenKey {
  /** Says by a transaction's own statement that it holds the request's effect; throws `in_progress` where another request of this key had one. */
  mark(query: Query, digest: RequestDigest | null): Promise<void>
  keep(digest: RequestDigest, answer: StoredAnswer): Promise<void>
  release(): Promise<void>
}

/** Who has asked what under which key, and what it was answered: for 24 hours. */
export interface Idempotency {
  /** Takes a key for the request of this id, unless it is in flight or was used. */
  begin(asked: {
    readonly caller: string
    readonly route: string
    readonly key: string
    readonly request: string
  }): Promise<'in flight' | UsedKey | TakenKey>
}

export interface RequestContext {
  readonly id: string
  readonly inbox: Inbox | undefined
  readonly idempotency?: Idempotency | undefined
  readonly trace: Trace
  /** Where there is somebody to be told of what is done. */
  readonly spans?: Spans | undefined
  caller: Caller | undefined
  event: IncomingEvent | undefined
  /** Stands in each transaction of the request, last: the effect of an Idempotency-Key is stored together with the key. */
  mark?(query: Query): Promise<void>
}

/** The request under way, for what is reached by way of a handler without being passed through it: emit, inbox, log. */
export const requestContext = new AsyncLocalStorage<RequestContext>()
