import { join } from 'node:path'
import * as z from 'zod'

/** All that a life of the platform must know. */
export const Settings = z.object({
  /** Its data folder. */
  data: z.string(),
  /** Where the engine's role and each function's connect. */
  engineUrl: z.string(),
  functionUrls: z.record(z.string(), z.string()),
  /** What each function runs, and the program of its jobs. */
  bundles: z.record(z.string(), z.string()),
  program: z.string(),
  port: z.int(),
  /** How wrong the platform is on purpose. */
  mutant: z.enum(['none', 'drops', 'repeats']),
})

/** Files by which the processes of a platform and its tester speak. */
export function files(data: string) {
  const folder = `${data}-faults`
  return {
    folder,
    orders: join(folder, 'orders.json'),
    invocations: join(folder, 'invocations.ndjson'),
    sent: join(folder, 'sent.ndjson'),
    cured: join(folder, 'cured'),
    clock: join(folder, 'clock'),
    /** The tries that the platform began to read, a line each. */
    heard: join(folder, 'heard'),
    platformLog: join(folder, 'platform.log'),
  }
}
