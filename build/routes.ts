import type { FunctionDefinition } from '../runtime/define.ts'
import type { Ports } from '../runtime/ports.ts'
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
  const port = (name: string) =>
    new Proxy(
      {},
      {
        get: (_, method) => {
          throw new Error(`${name}.${String(method)} is touched while app() makes the routes: a port is for handlers`)
        },
      },
    )
  const ports: Record<string, unknown> = {
    objects: port('objects'),
    sql: port('sql'),
    tables: port('tables'),
    models: port('models'),
  }
  // Every port of the type is there, and none does anything.
  return ports as unknown as Ports
}
