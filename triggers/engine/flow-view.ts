import type { Flow, FlowEvent, FlowStep } from '../../runtime/records.ts'
import type { NamedTrigger } from './trigger.ts'
import { eventOf } from './trigger.ts'

export interface StepView {
  /** The type of the event that the step handles; a job's program. */
  readonly event: string
  readonly subject: string
  readonly function: string
  /** Who told the event that the step handles; none for a job. */
  readonly by?: string
  /** Who caused it: `<team>/<caller>`; none for a job. */
  readonly authid?: string
  /** What kind of caller that is: `user`, `system`, …; not known of old events. */
  readonly authtype?: string
  /** The trigger's name, or `job/<id>`; none where nothing takes the event. */
  readonly step?: string
  readonly state: FlowStep['state'] | 'told'
  readonly waitingFor?: string
  readonly at: string
  readonly ms?: number
  readonly attempts: number
  readonly process?: string
  readonly coldStartMs?: number
  readonly error?: string
}

export interface FlowView {
  readonly id: string
  readonly startedAt: string
  readonly state: 'running' | 'waiting' | 'done' | 'failed' | 'cancelled'
  readonly steps: readonly StepView[]
}

/** A flow run as a line of steps in time: each event with what became of it at each function that takes it, and each job. */
export function flowView({ id, isCancelled, events, steps }: Flow, triggers: readonly NamedTrigger[]): FlowView {
  const found = [
    ...events.flatMap((event) => ofEvent(event, steps, triggers)),
    ...steps.filter(({ source }) => source === '').map(view),
  ]
  const views = isCancelled ? found.map(givenUp) : found
  views.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  const started = views[0]?.at ?? new Date(0).toISOString()
  return { id, startedAt: started, state: stateOf(views, isCancelled), steps: views }
}

function ofEvent(event: FlowEvent, steps: readonly FlowStep[], triggers: readonly NamedTrigger[]): StepView[] {
  const takers = triggers.filter(
    (one) => eventOf(one).type === event.type && (!('cron' in one.definition.on) || event.subject === one.name),
  )
  const teller = event.source.split('/').at(-1) ?? event.source
  const cause = {
    by: teller,
    authid: event.authid,
    ...(event.authtype === undefined ? {} : { authtype: event.authtype }),
  }
  const told = {
    ...cause,
    event: event.type,
    subject: event.subject,
    at: event.at.toISOString(),
    attempts: 0,
  }
  if (takers.length === 0) {
    return [
      {
        ...told,
        function: teller,
        state: event.failure ? 'failed' : 'told',
        ...(event.failure ? { error: event.failure } : {}),
      },
    ]
  }
  return takers.map(({ name, definition }) => {
    const step = steps.find((one) => one.step === name && one.event === event.id && one.source === event.source)
    if (step) return { ...view(step), ...cause }
    return { ...told, function: definition.deliver.to, step: name, state: 'waiting', waitingFor: 'its delivery' }
  })
}

function view(step: FlowStep): StepView {
  const { waitingFor, ms, process, coldStartMs, error } = step
  return {
    event: step.type,
    subject: step.subject,
    function: step.function,
    step: step.step,
    state: step.state,
    at: step.at.toISOString(),
    attempts: step.attempts,
    ...(waitingFor && step.state === 'waiting' ? { waitingFor } : {}),
    ...(ms === undefined ? {} : { ms }),
    ...(process ? { process } : {}),
    ...(coldStartMs === undefined ? {} : { coldStartMs }),
    ...(error && step.state !== 'done' ? { error } : {}),
  }
}

/** What waits in a run that is cancelled is not delivered any more. */
function givenUp(step: StepView): StepView {
  if (step.state !== 'waiting') return step
  const { waitingFor: _, ...rest } = step
  return { ...rest, state: 'cancelled' }
}

function stateOf(steps: readonly StepView[], isCancelled: boolean): FlowView['state'] {
  const has = (...states: readonly StepView['state'][]): boolean => steps.some(({ state }) => states.includes(state))
  if (has('running')) return 'running'
  if (isCancelled) return 'cancelled'
  if (has('waiting')) return 'waiting'
  return has('dead', 'failed', 'cancelled') ? 'failed' : 'done'
}
