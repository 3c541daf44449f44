import { PlatformError } from '../errors.ts'
import type { Tensors } from './tensors.ts'
import { joinRows, likeness, rowsOf, sliceRows } from './tensors.ts'

export interface GatherOptions {
  /** Rows of one run at most; a bigger call runs by itself. */
  readonly batch: number
  /** Rows that wait at most; beyond, a call is refused. */
  readonly queue: number
  /** Whether rows of several calls may go into one run. */
  readonly together: boolean
}

interface Call {
  readonly inputs: Tensors
  readonly rows: number
  /** Calls of one likeness may share a run; `undefined` runs alone. */
  readonly likeness: string | undefined
  resolve(outputs: Tensors): void
  reject(error: unknown): void
}

/** One run at a time, at once when idle; calls that come meanwhile share the next one. What was accepted is answered. */
export function gather(
  run: (inputs: Tensors) => Promise<Tensors>,
  { batch, queue, together }: GatherOptions,
): (inputs: Tensors) => Promise<Tensors> {
  const waiting: Call[] = []
  let waitingRows = 0
  let busy = false

  return (inputs) =>
    new Promise((resolve, reject) => {
      const rows = rowsOf(inputs)
      if (waiting.length > 0 && waitingRows + (rows ?? 1) > queue) {
        const detail = `${waitingRows} rows wait for this model already, and at most ${queue} may`
        throw new PlatformError('too_many_requests', detail, { retryAfter: 1 })
      }
      const alone = !together || rows === undefined
      waiting.push({ inputs, rows: rows ?? 1, likeness: alone ? undefined : likeness(inputs), resolve, reject })
      waitingRows += rows ?? 1
      if (!busy) void work()
    })

  async function work(): Promise<void> {
    busy = true
    for (let calls = take(); calls.length > 0; calls = take()) await answer(calls)
    busy = false
  }

  /** The longest waiting call and those like it, in order, up to a batch. */
  function take(): Call[] {
    const [first] = waiting
    const taken: Call[] = []
    let rows = 0
    for (const call of waiting) {
      const fits = call === first || (call.likeness !== undefined && call.likeness === first?.likeness)
      if (!fits || (taken.length > 0 && rows + call.rows > batch)) break
      taken.push(call)
      rows += call.rows
    }
    waiting.splice(0, taken.length)
    waitingRows -= rows
    return taken
  }

  async function answer(calls: readonly Call[]): Promise<void> {
    const [only] = calls
    if (only && calls.length === 1) return run(only.inputs).then(only.resolve, only.reject)
    try {
      const parts = share(await run(joinRows(calls.map(({ inputs }) => inputs))), calls)
      for (const [at, call] of calls.entries()) call.resolve(parts[at] ?? {})
    } catch {
      // One call's values may have broken the run of all: each gets its own answer or error.
      for (const call of calls) await run(call.inputs).then(call.resolve, call.reject)
    }
  }
}

/** Each call's rows of the outputs. */
function share(outputs: Tensors, calls: readonly Call[]): Tensors[] {
  const total = calls.reduce((sum, { rows }) => sum + rows, 0)
  if (rowsOf(outputs) !== total) throw new RangeError(`${rowsOf(outputs)} rows came out where ${total} went in`)
  let start = 0
  return calls.map(({ rows }) => {
    const part = sliceRows(outputs, start, start + rows)
    start += rows
    return part
  })
}
