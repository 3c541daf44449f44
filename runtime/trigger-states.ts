/** Whether a trigger delivers, and why it does not: what people, budgets and dead letters have said of it. */
export interface TriggerState {
  readonly state: 'running' | 'paused' | 'stopped'
  readonly reason: string | null
  /** Grows with each change. */
  readonly number: number
}

/** The states of a team's triggers, which outlive its engines. One that is not named runs. */
export interface TriggerStates {
  all(): Promise<ReadonlyMap<string, TriggerState>>
  set(trigger: string, state: TriggerState['state'], reason: string | null): Promise<void>
  /** Resolves when one may have changed, or the signal ends. */
  rung(signal: AbortSignal): Promise<void>
}
