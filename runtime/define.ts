import type { Hono } from 'hono'
import type { EventType } from './event.ts'
import type { PortName, Ports, Resources } from './ports.ts'

interface Common<types extends string> {
  /** A DNS label. */
  readonly name: string
  /** One line for people: what it is good for. */
  readonly summary: string
  /** Events it may emit; another one does not compile. */
  readonly emits?: readonly EventType<unknown, types>[]
  /** Scope a caller's token must carry. */
  readonly scope: string
  readonly scale?: Scale
  readonly resources?: Resources
  /** Seconds that a request may last: 60 unless said, 600 at most. */
  readonly timeout?: number
}

export interface Scale {
  readonly min?: number
  readonly max?: number
  /** Requests at once in one process. */
  readonly concurrency?: number
  /** Seconds without a request after which a process ends. */
  readonly idle?: number
}

/** A capability: its routes, what it may touch and what it may say. */
export interface FunctionDefinition<uses extends PortName = PortName, types extends string = string>
  extends Common<types> {
  /** Ports the handler may touch. The types, the bundle and the manifest all read this one list. */
  readonly uses: readonly uses[]
  /** Programs that its jobs run: name to file, relative to the function's folder. */
  readonly programs?: Readonly<Record<string, string>>
  app(ports: Pick<Ports<types>, uses>): Hono
}

/** A program in any language that listens on `PORT` and keeps the same HTTP and CloudEvents contract. */
export interface CommandDefinition extends Common<string> {
  readonly command: readonly [string, ...string[]]
  /** The image that holds it on a cluster. */
  readonly image?: string
}

export interface TriggerDefinition {
  readonly on: EventType
  readonly deliver: { readonly to: string; readonly path: string }
  /** What must arrive one after the other: events of a key, of a partition, or nothing. */
  readonly order?: 'key' | 'partition' | 'none'
  /** Deliveries in flight at most. */
  readonly parallel?: number
  /** Deliveries of one event, the first one counted, before it becomes a dead letter. */
  readonly attempts?: number
  /** Milliseconds before the second delivery; doubles up to `most`, with jitter. */
  readonly backoff?: { readonly first: number; readonly most: number }
  /** Where a new trigger begins. */
  readonly startFrom?: 'earliest' | 'latest'
  /** Says that the target emits this very type, and that its route for it does not. */
  readonly ownEvent?: boolean
}

/** Declares a function; the only source of its API, bundle, permissions and manifests. */
export function defineFunction<const uses extends PortName = never, const types extends string = never>(
  definition: FunctionDefinition<uses, types>,
): FunctionDefinition<uses, types> {
  return definition
}

/** Declares a function that is a program of its own, in any language. */
export function defineCommand(definition: CommandDefinition): CommandDefinition {
  return definition
}

/** Declares one delivery: events of a type to a route of a function. */
export function defineTrigger(trigger: TriggerDefinition): TriggerDefinition {
  return trigger
}
