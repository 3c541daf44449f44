import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Order, ProgramEnd, Report, Start } from './child-messages.ts'
import { memoryWithoutSharing, meter } from './child-meter.ts'
import { endFamily, kill } from './process-tree.ts'

// A process of its own between the launcher and one program. It measures the program and holds it to its memory, and ends it,
// with all that came from it, when the launcher says so or is gone (its channel closes, however it went).

/** Milliseconds from one look at the program to the next: soon at first, since many programs are short. */
const SOON = 20
const LATER = 200

process.on('SIGTERM', () => {})
process.on('SIGINT', () => {})
const ordered = Promise.withResolvers<Start>()
const stopped = Promise.withResolvers<void>()
process.on('message', (order: Order) => {
  if ('start' in order) ordered.resolve(order.start)
  else stopped.resolve()
})
let abandon = (): void => process.exit()
process.on('disconnect', () => abandon())

const start = await ordered.promise
const end = await run(start).catch(({ message }: Error) => ({
  fault: `${start.command[0]} could not be started: ${message}`,
  coreSeconds: 0,
  peakMemoryBytes: 0,
}))
abandon = () => {}
report({ end }, () => process.exit())

async function run({ command: [file, ...args], folder, environment, mark, memory, grace }: Start): Promise<ProgramEnd> {
  const program = spawn(file, args, {
    cwd: folder,
    env: environment,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  await once(program, 'spawn')
  const ended = once(program, 'exit')
  const session = program.pid
  if (session === undefined) throw new Error('it has no process id')

  report({ session })
  abandon = () => void endFamily({ session, mark }).then(() => process.exit())
  void stopped.promise.then(() => {
    kill(-session, 'SIGTERM')
    setTimeout(() => kill(-session, 'SIGKILL'), grace).unref()
  })

  const measured = meter(session)
  let fault: string | undefined
  let pause = SOON
  const look = () => {
    const held = measured.sample()
    if (memory !== undefined && held > memory && memoryWithoutSharing(session) > memory) {
      fault = `it held more memory than the ${Math.round(memory / 2 ** 20)} MiB that it asked for`
      kill(-session, 'SIGKILL')
    }
    pause = Math.min(LATER, pause * 1.5)
    next = setTimeout(look, pause)
  }
  let next = setTimeout(look, 0)

  const [code, signal] = await ended
  clearTimeout(next)
  await endFamily({ session, mark })
  return {
    exit: code ?? signal,
    ...(fault ? { fault } : {}),
    coreSeconds: measured.coreSeconds(),
    peakMemoryBytes: measured.peakMemoryBytes(),
  }
}

function report(message: Report, sent = () => {}): void {
  process.send?.(message, undefined, undefined, sent)
}
