import { randomUUID } from 'node:crypto'
import type * as z from 'zod'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { Run, Runs } from '../../../functions/train/run.ts'
import type { jobEnded } from '../../../triggers/events.ts'

type Ended = z.infer<typeof jobEnded.data>

/** An order of a pipeline on a view, as small as can be. */
export function order(view: string, more: Readonly<Record<string, unknown>> = {}) {
  return { view, target: 'y', task: 'regression', parameters: { rounds: 3, minDataInLeaf: 1 }, ...more }
}

/** Rows to learn from: a number, a flag, a text and a time beside the target `y`. */
export const ROWS = `select i::double as y, (i % 7) / 4 as n, i % 2 = 0 as flag, 'c' || i % 3 as c, i % 4 as k,
  timestamp '2024-01-01' + interval (i) day as at from range(60) t(i)`

/** The end of a job of train. */
export function ended(job: string, more: Partial<Ended> = {}): Ended {
  const usage = { coreSeconds: 1, peakMemoryBytes: 1, gpuSeconds: 0 }
  return { job, owner: 'train', attempt: 1, state: 'failed', outputs: {}, usage, ...more }
}

/** Which runs a model has, the oldest first. */
export async function runsOf(bench: FunctionTest, model: string): Promise<Run[]> {
  const { items } = Runs.parse(await (await bench.request(`/runs?model=${model}`)).json())
  return items.reverse()
}

export async function runOf(bench: FunctionTest, id: string): Promise<Run> {
  return Run.parse(await (await bench.request(`/runs/${id}`)).json())
}

/** What was told of a model: the kinds of its events, in order. */
export async function toldOf(bench: FunctionTest, model: string): Promise<string[]> {
  return (await bench.emitted()).filter(({ key }) => key === model).map(({ type }) => type)
}

/** The job of a run, as it was ordered. */
export async function jobOf(bench: FunctionTest, run: string) {
  const [row] = await bench.query<{ job: string | null }>`select job from runs where id = ${run}`
  const found = (await bench.jobs()).find(({ id }) => id === row?.job)
  if (!found) throw new Error(`run ${run} has no job`)
  return found
}

/** Headers by which the kit takes a request for the engine's own delivery. */
export function asEvent(type: string): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'x-test-as': 'engine',
    'ce-specversion': '1.0',
    'ce-id': randomUUID(),
    'ce-source': '/test/tester',
    'ce-type': type,
  }
}
