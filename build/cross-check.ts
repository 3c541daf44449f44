import { existsSync } from 'node:fs'
import { delimiter, dirname, resolve } from 'node:path'
import { faultOf } from '../runtime/cron.ts'
import type { FunctionDefinition } from '../runtime/define.ts'
import type { Fault } from '../runtime/errors.ts'
import { scheduleDue } from '../runtime/schedule-due.ts'
import { faultAt, shown } from './fault-at.ts'
import type { Found, FoundFunction, FoundTrigger } from './found.ts'
import { programFile } from './program-file.ts'
import { postRoutes, takes } from './routes.ts'

/** Another declaration of the same name. */
export function twice(one: Found<unknown>, sameName: readonly Found<unknown>[]): readonly Fault[] {
  const others = sameName.filter(({ file }) => file !== one.file)
  return others.map(({ file }) => faultAt(one.file, 'name', `${one.name} is also the name of ${shown(file)}`))
}

/** What it needs to run and does not have: a command on `path`, a program beside it, routes that can be made without a port. */
export function unrunnable({ file, definition }: FoundFunction, path: string): readonly Fault[] {
  if ('command' in definition) {
    const [command] = definition.command
    const places = command.includes('/') ? [dirname(file)] : path.split(delimiter)
    if (places.some((place) => existsSync(resolve(place, command)))) return []
    return [faultAt(file, 'command', `${command} is not found in ${places.join(', ')}`)]
  }
  const missing = Object.values(definition.programs ?? {}).filter((program) => !existsSync(programFile(file, program)))
  const faults = missing.map((program) => faultAt(file, 'programs', `there is no ${program} beside it`))
  try {
    postRoutes(definition)
  } catch (error) {
    faults.push(faultAt(file, 'app', error instanceof Error ? error.message : String(error)))
  }
  return faults
}

/** A trigger that leads nowhere, in a circle, or has another name than its event and function give it. `broken` are functions that do not load, whose own faults say enough. */
export function undeliverable(
  { file, name, definition }: FoundTrigger,
  functions: ReadonlyMap<string, readonly FoundFunction[]>,
  broken: readonly string[],
): readonly Fault[] {
  const { on, deliver, ownEvent } = definition
  const faults: Fault[] = []
  if ('cron' in on) {
    const unfit = faultOf(on)
    if (unfit) faults.push(faultAt(file, 'on', `every('${on.cron}', '${on.zone}') is no schedule: ${unfit}`))
    if (!name.endsWith(`-to-${deliver.to}`) || name.startsWith('-')) {
      faults.push(faultAt(file, undefined, `its file must be named after its time, as in nightly-to-${deliver.to}`))
    }
  } else {
    const event = on.type.replace(/^mezz\./, '').replace(/\.v\d+$/, '')
    const wanted = `${event.replaceAll('.', '-')}-to-${deliver.to}`
    if (name !== wanted) faults.push(faultAt(file, undefined, `its file must be named ${wanted}`))
  }
  const [target] = functions.get(deliver.to) ?? []
  if (!target && broken.includes(deliver.to)) return faults
  if (!target) return [...faults, faultAt(file, 'to', `there is no function ${deliver.to} that it could deliver to`)]
  const type = 'cron' in on ? scheduleDue.type : on.type
  if (target.definition.emits?.some((one) => one.type === type) && !ownEvent) {
    faults.push(
      faultAt(file, 'on', `${deliver.to} emits ${type} itself: say ownEvent: true if its route for it does not`),
    )
  }
  if ('app' in target.definition && !hasRoute(target.definition, deliver.path)) {
    faults.push(faultAt(file, 'path', `${deliver.to} has no route POST ${deliver.path}`))
  }
  return faults
}

function hasRoute(fn: FunctionDefinition, path: string): boolean {
  try {
    return postRoutes(fn).some((declared) => takes(declared, path))
  } catch {
    // Its own fault says why its routes are not known.
    return true
  }
}
