import { AsyncLocalStorage } from 'node:async_hooks'
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

/** Who has asked what under which key, and what it was answered: for 24 hours. */
export interface Idempotency {
  /** Takes a key, unless it is in flight or was used; the taking ends with `release`, or with the process. */
  begin(asked: {
    readonly caller: string
    readonly route: string
    readonly key: string
    readonly digest: string
  }): Promise<
    | 'in flight'
    | 'another'
    | { readonly answer: StoredAnswer }
    | { keep(answer: StoredAnswer): Promise<void>; release(): Promise<void> }
  >
}

export interface RequestContext {
  readonly id: string
  readonly inbox: Inbox | undefined
  readonly idempotency?: Idempotency | undefined
  readonly trace: Trace
  caller: Caller | undefined
  event: IncomingEvent | undefined
}

/** The request under way, for what is reached by way of a handler without being passed through it: emit, inbox, log. */
export const requestContext = new AsyncLocalStorage<RequestContext>()
