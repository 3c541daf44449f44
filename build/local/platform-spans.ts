import type { Environment } from '../../runtime/env.ts'
import type { Spans } from '../../runtime/spans.ts'
import { openSpans } from '../../runtime/telemetry.ts'
import { telemetryOf } from '../../runtime/telemetry-settings.ts'
import type { EngineLog } from '../../triggers/engine/trigger.ts'

export interface PlatformSpans {
  readonly gateway: Spans | undefined
  readonly engine: Spans | undefined
  /** Sends what they hold, in so many milliseconds at most. */
  close(most: number): Promise<void>
}

/** Where the platform's own two services tell of what they do, if the environment names a place. */
export function openPlatformSpans(environment: Environment, log: EngineLog): PlatformSpans {
  const telemetry = telemetryOf(environment)
  // Here the variable names the whole; each part is a service of its own.
  const attributes = { 'service.namespace': telemetry?.service ?? 'mezz', ...telemetry?.attributes }
  const open = (service: string): Spans | undefined =>
    telemetry &&
    openSpans(
      { ...telemetry, service, attributes },
      { service, failed: (error) => log('warn', `the traces of ${service} are not taken`, error) },
    )
  const [gateway, engine] = [open('gateway'), open('engine')]

  return {
    gateway,
    engine,
    async close(most) {
      await Promise.all([gateway?.close(most), engine?.close(most)])
    },
  }
}
