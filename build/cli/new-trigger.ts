import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inheritedEnvironment } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'
import { nearest } from '../../runtime/nearest.ts'
import { readCatalogue } from '../catalogue.ts'
import type { FoundFunction } from '../found.ts'
import { eventPath } from '../routes.ts'
import { knownEvents } from './known-events.ts'
import type { NamedEvent } from './templates.ts'
import { dashed, routeText, triggerText } from './templates.ts'

/** Makes a trigger in a folder; answers with what it made, and with the route that its function lacks. */
export async function newTrigger(
  folder: string,
  { event, to }: { readonly event: string; readonly to: string },
): Promise<string> {
  const known = chosenEvent(event, knownEvents(folder))
  const target = await chosenFunction(folder, to)
  const file = join('triggers', `${dashed(known.type)}-to-${to}.ts`)
  if (existsSync(join(folder, file)))
    throw new PlatformError('conflict', `${file} is there already: nothing was changed`)
  const { definition } = target
  if (definition.emits?.some(({ type }) => type === known.type))
    throw new PlatformError('conflict', `${to} emits ${known.type} itself: a trigger to it would go round for ever`)
  const route = 'app' in definition ? eventPath(definition, known.type) : undefined
  const path = route ?? `/events/${dashed(known.type)}`
  mkdirSync(join(folder, 'triggers'), { recursive: true })
  writeFileSync(join(folder, file), triggerText(known, { to, path }))
  if (route) return `made ${file}: brings ${known.type} to ${to}, POST ${path}\n`
  if ('command' in definition) return `made ${file}: the program of ${to} gets ${known.type} as POST ${path}\n`
  return `made ${file}\n\n${to} has no route for ${known.type} yet, and the trigger waits for it. Add:\n\n${routeText(known, path)}`
}

function chosenEvent(given: string, known: readonly NamedEvent[]): NamedEvent {
  const found =
    known.findLast(({ type }) => type === given) ?? known.findLast(({ type }) => dashed(type) === dashed(given))
  if (found) return found
  throw unknown('event', given, {
    all: known.map(({ type }) => type),
    asGiven: (type) => dashed(type),
    wanted: dashed(given),
  })
}

async function chosenFunction(folder: string, to: string): Promise<FoundFunction> {
  const { functions, faults } = await readCatalogue([folder], inheritedEnvironment()['PATH'] ?? '')
  const found = functions.find(({ name }) => name === to)
  if (found) return found
  const own = faults.filter(({ pointer }) => pointer.includes(`functions/${to}/`))
  if (own.length > 0) {
    const text = own.map(({ pointer, reason }) => `${pointer}: ${reason}`).join('\n')
    throw new PlatformError('unprocessable', `${to} does not load yet:\n${text}`)
  }
  throw unknown('function', to, { all: functions.map(({ name }) => name), asGiven: (name) => name, wanted: to })
}

function unknown(
  kind: string,
  given: string,
  { all, asGiven, wanted }: { readonly all: readonly string[]; asGiven(name: string): string; readonly wanted: string },
): PlatformError {
  const near = nearest(wanted, all.map(asGiven)).flatMap((name) => all.find((one) => asGiven(one) === name) ?? [])
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are: ${all.join(', ')}`
  return new PlatformError('not_found', `there is no ${kind} ${given}; ${hint}`)
}
