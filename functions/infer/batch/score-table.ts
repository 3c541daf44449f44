import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from 'mezz/errors'
import type { TableSession } from 'mezz/ports'
import type { Definition } from 'mezz/tabular/definition'
import { identifier, literal } from 'mezz/tabular/quote'
import { ERROR, predictionColumns } from '../batches/columns.ts'
import type { Row, Scorer } from '../scorer.ts'
import { lines } from './lines.ts'
import type { Result } from './result.ts'
import { scoreRows } from './score-rows.ts'

type Column = Definition['columns'][number]

export interface ScoreTableOptions {
  readonly scorer: Scorer
  /** Of the columns that the model reads, those that the table has. */
  readonly read: readonly string[]
  /** Columns that go before the predictions. */
  readonly keep: Definition['columns']
  /** Is told after some rows how many are done. */
  done(rows: number): void
}

/**
 * Predicts the rows of the view `data`, some at a time, and stores the predictions in their order. A row that does not parse as
 * the model takes it has none, and a reason; `unprocessable` where that is so of all.
 */
export async function scoreTable(session: TableSession, options: ScoreTableOptions): Promise<Result> {
  const { scorer, read, keep, done } = options
  const path = join(session.folder, 'predictions.csv')
  const columns = predictionColumns(scorer.signature)
  let rows = 0
  let unpredicted = 0
  let first: string | undefined
  {
    await using file = await open(path, 'wx')
    for await (const some of session.each<Row>(`select ${read.map(identifier).join(', ')} from data`)) {
      const scored = await scoreRows(scorer, some)
      await file.writeFile(lines(scorer.signature, { count: some.length, ...scored }))
      first ??= scored.reasons.values().next().value
      unpredicted += scored.reasons.size
      rows += some.length
      done(rows)
    }
  }
  if (unpredicted === rows)
    throw new PlatformError('unprocessable', `no row could be predicted; the first one: ${first}`)
  const all = [...columns, ...(unpredicted > 0 ? [ERROR] : [])]
  const kept = keep.map(({ name }) => `d.${identifier(name)}`)
  const selected = [...kept, ...all.map((column) => `${labelled(column, scorer)} as ${identifier(column.name)}`)]
  const stored = await session.store(
    `select ${selected.join(', ')} from data d positional join ${csv(path, columns)} p`,
  )
  return { part: stored.sha256, rows, unpredicted, schema: [...keep, ...all] }
}

/** The lines as a table: the place of the label among the classes, the numbers, the reason. */
function csv(path: string, columns: readonly Column[]): string {
  const types = columns.map(({ name }) => `${literal(name)}: '${name === 'label' ? 'INTEGER' : 'DOUBLE'}'`)
  return `read_csv(${literal(path)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = '',
    columns = {${[...types, `${literal(ERROR.name)}: 'VARCHAR'`].join(', ')}})`
}

function labelled({ name, type }: Column, { signature }: Scorer): string {
  if (name !== 'label' || signature.task === 'regression') return `p.${identifier(name)}`
  const labels = signature.classes.map((label) => (type === 'text' ? literal(String(label)) : String(label)))
  return `([${labels.join(', ')}]::${type === 'number' ? 'DOUBLE' : type === 'boolean' ? 'BOOLEAN' : 'VARCHAR'}[])[p.label + 1]`
}
