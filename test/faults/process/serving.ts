import { dirname, join } from 'node:path'
import type * as z from 'zod'
import type { DataFolder } from '../../../build/local/data-folder.ts'
import type { Gateway } from '../../../build/local/gateway.ts'
import { createGateway } from '../../../build/local/gateway.ts'
import { endLeftovers } from '../../../build/local/leftovers.ts'
import { Pool } from '../../../build/local/pool.ts'
import publish from '../../../functions/publish/function.ts'
import { inheritedEnvironment } from '../../../runtime/env.ts'
import type { KeySet } from '../../../runtime/jwt.ts'
import poison from '../toys/poison.ts'
import tally from '../toys/tally.ts'
import type { Settings } from './settings.ts'
import { files } from './settings.ts'

/** The functions that a platform under test serves. */
export const FUNCTIONS = [tally, poison, publish]

/** The functions' processes and the gateway before them. */
export interface ToyServing {
  readonly pools: readonly Pool[]
  readonly gateway: Gateway
}

/** Serves the functions as `mezz dev` does, from bundles that are there already. */
export function serveToys(
  { data, functionUrls, bundles }: z.infer<typeof Settings>,
  {
    folder,
    keys,
    platform,
  }: { readonly folder: DataFolder; readonly keys: KeySet; platform(request: Request): Response | Promise<Response> },
): ToyServing {
  const runFolder = join(folder.run, 'pools')
  endLeftovers(runFolder)
  const { orders, invocations, cured } = files(data)
  const pools = FUNCTIONS.map((definition) => {
    const { name } = definition
    const env = {
      ...inheritedEnvironment(),
      MEZZ_TEAM: 'toys',
      MEZZ_ENGINE_KEYS: JSON.stringify(keys),
      MEZZ_DEVELOPER: '1',
      DATABASE_URL: functionUrls[name] ?? '',
      OBJECTS_FOLDER: folder.objects,
      FAULTS_ORDERS: orders,
      FAULTS_INVOCATIONS: invocations,
      FAULTS_CURED: cured,
    }
    const program = { definition, run: { bundle: bundles[name] ?? '' }, env }
    return new Pool(program, { idle: 60_000, runFolder, log: ({ line }) => console.log(`${name}: ${line}`) })
  })
  const gateway = createGateway({ team: 'toys', pools: new Map(pools.map((one) => [one.name, one])), platform })
  return { pools, gateway }
}

/** Where a function's bundle keeps the program of its jobs. */
export function programOf(bundle: string): string {
  return join(dirname(bundle), 'programs', 'work.mjs')
}
