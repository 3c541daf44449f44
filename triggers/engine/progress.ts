import * as z from 'zod'
import { storable } from '../../runtime/storable.ts'

/** A line of a program that begins so tells of its progress, in JSON: `mezz: {"progress": 0.4, "metrics": {"logLoss": 0.31}}`. */
const PREFIX = 'mezz:'
const MOST_LINE = 64 * 1024
const Told = z.object({
  progress: z.number().min(0).max(1).optional(),
  metrics: z.record(z.string(), z.number()).optional(),
})

export interface ProgressTold {
  readonly progress?: number
  readonly metrics: Readonly<Record<string, number>>
  readonly lines: readonly { readonly n: number; readonly line: string }[]
}

/** What a program has told since it was last asked: all its lines, counted on from `said`, the last progress and the last value of each metric. */
export function createProgress(said = 0) {
  let n = said
  let progress: number | undefined
  let metrics: Record<string, number> = {}
  let lines: { readonly n: number; readonly line: string }[] = []
  let closed = false
  let ring = (): void => undefined

  return {
    line(text: string): void {
      const told = toldBy(text)
      if (told) {
        progress = told.progress ?? progress
        metrics = { ...metrics, ...told.metrics }
      } else {
        lines.push({ n: ++n, line: storable(text, MOST_LINE) })
      }
      ring()
    },
    close(): void {
      closed = true
      ring()
    },
    /** True when there is something, false when there is nothing and will be no more. */
    async more(): Promise<boolean> {
      const some = (): boolean => lines.length > 0 || progress !== undefined || Object.keys(metrics).length > 0
      while (!some() && !closed) {
        await new Promise<void>((resolve) => {
          ring = resolve
        })
      }
      return some()
    },
    take(): ProgressTold {
      const told = { ...(progress === undefined ? {} : { progress }), metrics, lines }
      progress = undefined
      metrics = {}
      lines = []
      return told
    },
    /** What could not be stored comes again; newer values win. */
    giveBack(told: ProgressTold): void {
      progress ??= told.progress
      metrics = { ...told.metrics, ...metrics }
      lines = [...told.lines, ...lines]
    },
  }
}

function toldBy(text: string): z.infer<typeof Told> | undefined {
  if (!text.startsWith(PREFIX)) return undefined
  try {
    const told = Told.safeParse(JSON.parse(text.slice(PREFIX.length)))
    return told.success ? told.data : undefined
  } catch {
    return undefined
  }
}
