import type { FunctionDefinition } from '../runtime/define.ts'
import type { PortName, Ports } from '../runtime/ports.ts'
import { specOf } from '../runtime/routes.ts'

/** The paths, as declared, that a function's POST routes have; throws when the function touches a port before a request asks it to. */
export function postRoutes(fn: Pick<FunctionDefinition, 'name' | 'app'>): readonly string[] {
  const routes = fn.app(untouchable()).routes
  return routes.filter(({ method }) => method === 'POST').map(({ path }) => path)
}

/** The path of the route that takes events of this type; none where it has none. */
export function eventPath(fn: Pick<FunctionDefinition, 'name' | 'app'>, type: string): string | undefined {
  return fn.app(untouchable()).routes.find(({ handler }) => specOf(handler)?.event?.type === type)?.path
}

/** Tells whether a declared path (`/events/:type`) takes this one. */
export function takes(declared: string, path: string): boolean {
  const wanted = path.split('/')
  const steps = declared.split('/')
  return steps.length === wanted.length && steps.every((step, at) => /^(:|\*$)/.test(step) || step === wanted[at])
}

function untouchable(): Ports {
  // Every port is there by name, and whatever is asked of one throws: what it would be is never seen.
  return { objects: port('objects'), sql: port('sql'), tables: port('tables'), models: port('models') }
}

function port<name extends PortName>(name: name): Ports[name] {
  return new Proxy({} as Ports[name], {
    get: (_, method) => {
      throw new Error(`${name}.${String(method)} is touched while app() makes the routes: a port is for handlers`)
    },
  })
}
