import { PlatformError } from 'mezz/errors'
import type { Row, Scorer, Scores } from '../scorer.ts'

/** Scores of the rows that have some, in their order; the others by their index, with the reason. */
export interface RowScores {
  readonly scores: Scores | null
  readonly reasons: ReadonlyMap<number, string>
}

const SHOWN = 200

/** Scores rows by the code that predicts them alone; what one does not parse as the model takes it spoils no other one. */
export async function scoreRows(scorer: Scorer, rows: readonly Row[]): Promise<RowScores> {
  try {
    return { scores: await scorer.score(rows), reasons: new Map() }
  } catch (error) {
    const reasons = reasonsOf(error)
    const good = rows.filter((_, at) => !reasons.has(at))
    return { scores: good.length > 0 ? await scorer.score(good) : null, reasons }
  }
}

/** The first fault of each row that has one; an error that names no row rises. */
function reasonsOf(error: unknown): Map<number, string> {
  const reasons = new Map<number, string>()
  const faults = error instanceof PlatformError ? (error.errors ?? []) : []
  for (const { pointer, reason } of faults) {
    const [, row, column = ''] = /^\/rows\/(\d+)\/(.*)$/s.exec(pointer) ?? []
    const name = column.replaceAll('~1', '/').replaceAll('~0', '~')
    if (row !== undefined && !reasons.has(Number(row))) reasons.set(Number(row), `${name}: ${reason}`.slice(0, SHOWN))
  }
  if (reasons.size === 0) throw error
  return reasons
}
