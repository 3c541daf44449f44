import { likeliest } from '../labels.ts'
import type { Package } from '../package.ts'
import type { RowScores } from './score-rows.ts'

/** One line of CSV for each of `count` rows: the place of the label among the classes, the scores, and why there are none. */
export function lines(
  signature: Package['signature'],
  { count, scores, reasons }: RowScores & { readonly count: number },
): string {
  const isLabelled = signature.task === 'classification'
  const width = isLabelled ? signature.classes.length : 1
  const values = scores?.values ?? new Float64Array()
  const nothing = ','.repeat(width + (isLabelled ? 1 : 0))
  const found: string[] = []
  let scored = 0
  for (let row = 0; row < count; row++) {
    const reason = reasons.get(row)
    if (reason !== undefined) {
      found.push(`${nothing}"${reason.replaceAll('"', '""')}"\n`)
      continue
    }
    const label = isLabelled ? `${likeliest(values, { row: scored, width })},` : ''
    const numbers = Array.from(values.subarray(scored * width, (scored + 1) * width), text)
    found.push(`${label}${numbers.join(',')},\n`)
    scored++
  }
  return found.join('')
}

function text(value: number): string {
  return Number.isFinite(value) ? String(value) : ''
}
