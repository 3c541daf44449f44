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

/** What a workload has to itself, beside its processes. */
export interface Own {
  /** The one model that it serves. */
  readonly model?: string | undefined
}

/** A capability: its routes, what it may touch and what it may say. */
export interface FunctionDefinition<uses extends PortName = PortName, types extends string = string>
  extends Common<types> {
  /** Ports the handler may touch. The types, the bundle and the manifest all read this one list. */
  readonly uses: readonly uses[]
  /** Programs that its jobs run: name to file, relative to the function's folder. */
  readonly programs?: Readonly<Record<string, string>>
  /** `own` is what a workload of this function has to itself. */
  app(ports: Pick<Ports<types>, uses>, own?: Own): Hono
}

/** A program in any language that listens on `PORT` and keeps the same HTTP and CloudEvents contract. */
export interface CommandDefinition extends Common<string> {
  readonly command: readonly [string, ...string[]]
  /** The image that holds it on a cluster. */
  readonly image?: string
}

/** How many of a trigger's events may become dead letters before it stops. */
export interface Budget {
  /** Of the events that ended within the time: 0 to 1. */
  readonly share: number
  /** Seconds. */
  readonly within: number
  /** Fewer dead letters than that are no reason to stop. */
  readonly least: number
}

/** A time that comes again. */
export interface Schedule {
  /** Five fields as in crontab(5): minute, hour, day of the month, month, day of the week; a sixth before them are seconds. */
  readonly cron: string
  /** IANA time zone. */
  readonly zone: string
}

export interface TriggerDefinition {
  readonly on: EventType | Schedule
  readonly deliver: { readonly to: string; readonly path: string }
  /** What must arrive one after the other: events of a key, of a partition, or nothing. */
  readonly order?: 'key' | 'partition' | 'none'
  /** Deliveries in flight at most. */
  readonly parallel?: number
  /** Deliveries of one event, the first one counted, before it becomes a dead letter. */
  readonly attempts?: number
  /** Milliseconds before the second delivery; doubles up to `most`, with jitter. */
  readonly backoff?: { readonly first: number; readonly most: number }
  /** Seconds from an event's `time` after which it is no longer delivered: it becomes a dead letter, `too_old` (also one that was handled just before its engine died). */
  readonly maxAge?: number
  /** Whether the trigger goes on when an event has become a dead letter: `continue` unless said. */
  readonly afterDeadLetter?: 'continue' | 'stop'
  /** When so many events become dead letters that it is no fault of theirs: the trigger stops before the next one does. By default half of them, of at least 20 within 60 seconds. */
  readonly budget?: Budget
  /** Sends up to so many events at once, in CloudEvents' batch mode; each is answered alone. */
  readonly batch?: { readonly most: number }
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

/** At these times, by the clock of that zone; after downtime once, for the last time that was missed. */
export function every(cron: string, zone = 'UTC'): Schedule {
  return { cron, zone }
}

/** Declares one delivery: events of a type to a route of a function. */
export function defineTrigger(trigger: TriggerDefinition): TriggerDefinition {
  return trigger
}
