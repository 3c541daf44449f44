import * as z from 'zod'
import { columns } from './columns.ts'

const Step = z.object({
  event: z.string(),
  subject: z.string().default(''),
  function: z.string(),
  by: z.string().optional(),
  authid: z.string().optional(),
  authtype: z.string().optional(),
  step: z.string().optional(),
  state: z.string(),
  waitingFor: z.string().optional(),
  at: z.string(),
  ms: z.number().optional(),
  attempts: z.number(),
  process: z.string().optional(),
  coldStartMs: z.number().optional(),
  error: z.string().optional(),
})
export const Flow = z.object({ id: z.string(), startedAt: z.string(), state: z.string(), steps: z.array(Step) })
export type Flow = z.infer<typeof Flow>
type Step = z.infer<typeof Step>

const MARKS: Readonly<Record<string, string>> = {
  done: '✓',
  told: '✓',
  running: '…',
  waiting: '·',
  failed: '✗',
  dead: '✗',
  cancelled: '✗',
}
/** What is told of several steps in one function. */
const WORST = ['✗', '…', '·', '✓']

/** Flow runs, one a line: `ingest ✓  features ✓  train …`. */
export function flowLines(flows: readonly Flow[]): string {
  return columns(
    ['FLOW', 'STARTED (UTC)', 'STATE', 'STEPS'],
    flows.map(({ id, startedAt, state, steps }) => [id, clock(startedAt), state, stepsLine(steps)]),
  )
}

/** Each function once, in the order in which they came in; who told the first event comes first. */
function stepsLine(steps: readonly Step[]): string {
  const marks = new Map<string, string>()
  const [first] = steps
  if (first?.by) marks.set(first.by, '✓')
  for (const step of steps) {
    const seen = marks.get(step.function)
    const mark = markOf(step)
    marks.set(step.function, WORST.find((one) => one === mark || one === seen) ?? mark)
  }
  return [...marks].map(([name, mark]) => `${name} ${mark}`).join('  ')
}

/** One flow run: a head, each step with its times, and below the steps that wait or broke why. */
export function flowText(flow: Flow): string {
  const rows = flow.steps.map((step) => stepCells(step, flow.startedAt))
  const [head = '', ...lines] = columns(
    ['AT', '', 'FUNCTION', 'EVENT', 'OF', 'TOOK', 'TRIES', 'PROCESS', 'COLD START'],
    rows,
  )
    .trimEnd()
    .split('\n')
  const body = lines.map((line, at) => `${line}\n${why(flow.steps[at])}`)
  const who = flow.steps.find(({ authid }) => authid)
  const by = who?.authid ? ` by ${[who.authtype, who.authid].filter(Boolean).join(' ')}` : ''
  return `flow ${flow.id}  ${flow.state}  started ${clock(flow.startedAt)} UTC${by}\n${head}\n${body.join('')}`
}

/** One step, on a line of its own: what a log of changes prints. */
export function stepText(step: Step, startedAt: string): string {
  const cells = stepCells(step, startedAt).filter((cell) => cell !== '')
  return `${cells.join('  ')}\n${why(step)}`
}

function stepCells(step: Step, startedAt: string): readonly string[] {
  const { event, subject, ms, attempts, process: server, coldStartMs } = step
  return [
    `${((Date.parse(step.at) - Date.parse(startedAt)) / 1000).toFixed(2)} s`,
    `${markOf(step)} ${step.state}`,
    step.function,
    event,
    subject,
    ms === undefined ? '' : `${Math.round(ms)} ms`,
    attempts > 1 ? String(attempts) : '',
    server ?? '',
    coldStartMs === undefined ? '' : `${Math.round(coldStartMs)} ms`,
  ]
}

function why(step: Step | undefined): string {
  const waits = step?.waitingFor ? `    waiting for ${step.waitingFor}\n` : ''
  const broke = step?.error ? `${step.error.trimEnd().replace(/^/gm, '    ')}\n` : ''
  return waits + broke
}

function markOf({ state }: Step): string {
  return MARKS[state] ?? '?'
}

function clock(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ')
}
