import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProgramLog } from './child-log.ts'
import type { Order, ProgramEnd, Report, Start } from './child-messages.ts'
import { endFamily } from './process-tree.ts'

/** A `.ts` in the checkout, a `.js` in the package: as this file. */
const WRAPPER = fileURLToPath(new URL(`./child-wrapper${extname(import.meta.url)}`, import.meta.url))
/** Milliseconds after SIGKILL was due, after which the wrapper itself must be stuck. */
const STUCK = 5000

export interface RunOptions {
  /** The Node that runs the wrapper. */
  readonly node: string
  readonly signal: AbortSignal
  /** Seconds; none unless said. */
  readonly timeout?: number
  readonly log: ProgramLog
}

/** Runs one program to its end, with a wrapper that outlives neither of both sides; when it resolves, no process of it is left. */
export async function runProgram(start: Start, { node, signal, timeout, log }: RunOptions): Promise<ProgramEnd> {
  const wrapper = spawn(node, ['--disable-warning=ExperimentalWarning', WRAPPER], {
    cwd: start.folder,
    env: {},
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let session: number | undefined
  let end: ProgramEnd | undefined
  wrapper.on('message', (report: Report) => {
    if ('session' in report) session = report.session
    else end = report.end
  })
  await once(wrapper, 'spawn')
  const gone = Promise.all([once(wrapper, 'exit'), once(wrapper, 'disconnect')])
  const read = Promise.all([wrapper.stdout, wrapper.stderr].map((stream) => stream && log.read(stream)))
  // A wrapper that is gone takes no orders, and needs none.
  const order = (message: Order) => wrapper.send(message, () => {})

  let stuck: NodeJS.Timeout | undefined
  const stop = () => {
    order({ stop: true })
    stuck ??= setTimeout(() => wrapper.kill('SIGKILL'), start.grace + STUCK)
  }
  let isLate = false
  const late =
    timeout === undefined
      ? undefined
      : setTimeout(
          () => {
            isLate = true
            stop()
          },
          Math.min(timeout * 1000, 2 ** 31 - 1),
        )
  read.catch(stop)
  signal.addEventListener('abort', stop)
  order({ start })
  if (signal.aborted) stop()

  try {
    await gone
    await endFamily({ ...(session ? { session } : {}), mark: start.mark })
    await read
  } finally {
    signal.removeEventListener('abort', stop)
    clearTimeout(late)
    clearTimeout(stuck)
  }
  const known = end ?? { fault: 'the process that watched over it was ended', coreSeconds: 0, peakMemoryBytes: 0 }
  return isLate ? { ...known, fault: `it did not end within its ${timeout} seconds` } : known
}
