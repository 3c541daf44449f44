import type { EngineLog } from '../../triggers/engine/trigger.ts'

const QUIET = 10_000

/** Lets a message through once in ten seconds, however many places it is about (their numbers do not tell them apart): a database that is away would fill the screen. */
export function calm(log: EngineLog, now = Date.now): EngineLog {
  const said = new Map<string, number>()

  return (level, message, error) => {
    const kind = message.replaceAll(/\S*\/\d+/g, '').replaceAll(/[0-9a-f-]{36}/g, '')
    if ((said.get(kind) ?? 0) > now() - QUIET) return
    said.set(kind, now())
    log(level, message, error)
  }
}
