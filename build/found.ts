import type { CommandDefinition, FunctionDefinition, TriggerDefinition } from '../runtime/define.ts'

/** A declaration, and the file that it stands in. */
export interface Found<definition> {
  readonly name: string
  /** Absolute. */
  readonly file: string
  /** Shipped with the platform. */
  readonly ours: boolean
  readonly definition: definition
}

export type FoundFunction = Found<FunctionDefinition | CommandDefinition>
export type FoundTrigger = Found<TriggerDefinition>
