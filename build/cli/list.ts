import * as z from 'zod'
import { askJson } from './ask.ts'
import { columns } from './columns.ts'
import type { Command } from './command.ts'
import { words } from './command.ts'
import { findPlatform, PLATFORM_HELP, PLATFORM_OPTIONS } from './find-platform.ts'

export const Status = z.object({
  team: z.string(),
  functions: z.array(
    z.object({
      name: z.string(),
      processes: z.number(),
      starting: z.number(),
      requests: z.number(),
      queued: z.number(),
      errors: z.number(),
      lastColdStartMs: z.number().nullable(),
      uses: z.array(z.string()).default([]),
      ours: z.boolean().default(true),
    }),
  ),
  triggers: z.array(
    z.object({
      name: z.string(),
      on: z.string(),
      to: z.string(),
      lag: z.number(),
      oldestSeconds: z.number().default(0),
      inFlight: z.number(),
      parked: z.number(),
      deadLetters: z.number(),
      state: z.string(),
      reason: z.string().optional(),
    }),
  ),
  missing: z.array(z.string()).default([]),
})
export type Status = z.infer<typeof Status>

export const list: Command = {
  name: 'list',
  usage: '[--url URL | --data DIR]',
  summary: 'shows functions and triggers of the running platform',
  help: `
Shows each function with its processes (0: it starts with its next request), what it was asked since
the platform's start, and the ports that it uses; and each trigger with how far it is behind.
${PLATFORM_HELP}`,
  options: PLATFORM_OPTIONS,

  async run({ values, positionals }) {
    words(positionals, { needed: [] })
    const url = await findPlatform(values)
    process.stdout.write(shownStatus(await askJson(new URL(`${url}/_mezz/status`), Status)))
    return 0
  },
}

/** The platform's status for people. */
export function shownStatus({ functions, triggers, missing }: Status): string {
  const functionTable = columns(
    ['FUNCTION', 'PROCESSES', 'REQUESTS', 'QUEUED', 'ERRORS', 'COLD START', 'USES', 'FROM'],
    functions.map((one) => [
      one.name,
      one.starting > 0 ? `${one.processes} + ${one.starting} starting` : String(one.processes),
      String(one.requests),
      String(one.queued),
      String(one.errors),
      one.lastColdStartMs === null ? '' : `${one.lastColdStartMs} ms`,
      one.uses.join(' '),
      one.ours ? 'mezz' : 'yours',
    ]),
  )
  const lacks = missing.map((one) => `missing ${one}\n`)
  return [
    functionTable,
    ...(triggers.length > 0 ? [triggerTable(triggers)] : []),
    ...(lacks.length > 0 ? [lacks.join('')] : []),
  ].join('\n')
}

/** The triggers, one a line. */
export function triggerTable(triggers: Status['triggers']): string {
  return columns(
    ['TRIGGER', 'ON', 'TO', 'LAG', 'OLDEST', 'IN FLIGHT', 'PARKED', 'DEAD', 'STATE', ''],
    triggers.map((one) => [
      one.name,
      one.on,
      one.to,
      String(one.lag),
      one.oldestSeconds > 0 ? `${one.oldestSeconds.toFixed(1)} s` : '',
      String(one.inFlight),
      String(one.parked),
      String(one.deadLetters),
      one.state,
      one.reason ?? '',
    ]),
  )
}
