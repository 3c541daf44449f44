import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from 'mezz/errors'
import { fileRef, programModels, programTables } from 'mezz/program'
import { Definition } from 'mezz/tabular/definition'
import * as z from 'zod'
import { Package } from '../package.ts'
import { scorer } from '../scorer.ts'
import { scoreTable } from './score-table.ts'

// The program of a batch: a table and a model package in, a table of predictions out; or, as `refusal.json`, why there can be none.

const Variables = z.object({
  PACKAGE: z.string(),
  GRAPH: z.string(),
  SETTINGS: z.string(),
  TMPDIR: z.string(),
  MEZZ_OUTPUT: z.string(),
})
const Settings = z.object({
  /** The variables that name the table's parts, in the order of its rows. */
  parts: z.array(z.string()),
  rows: z.number(),
  read: z.array(z.string()),
  keep: Definition.shape.columns,
})
/** Of all rows, between two words of progress. */
const STEP = 0.01
const MEMORY = '256MB'

try {
  await main()
} catch (error) {
  if (!(error instanceof PlatformError)) throw error
  console.error(error.message)
  await leave('refusal.json', { reason: error.message })
}

async function main(): Promise<void> {
  const { PACKAGE, GRAPH, SETTINGS, TMPDIR, MEZZ_OUTPUT } = Variables.parse(process.env)
  const { parts, rows, read, keep } = Settings.parse(JSON.parse(SETTINGS))
  const found = Package.parse(JSON.parse(await readFile(PACKAGE, 'utf8')))
  const models = programModels()
  const ready = scorer(found, await models.load(await readFile(GRAPH)))
  const tables = programTables({ folder: TMPDIR, output: MEZZ_OUTPUT, memoryLimit: MEMORY })
  const data = parts.map((variable) => fileRef(process.env[variable] ?? ''))
  let told = 0
  const done = (some: number): void => {
    if (some / rows - told < STEP && some < rows) return
    told = some / rows
    console.log(`mezz: ${JSON.stringify({ progress: told, metrics: { rows: some } })}`)
  }
  const result = await tables.open({ data }, (session) => scoreTable(session, { scorer: ready, read, keep, done }))
  console.log(`${result.rows} rows, ${result.unpredicted} of them without a prediction`)
  await leave('result.json', result)
  await models.close()
}

async function leave(name: string, what: object): Promise<void> {
  await writeFile(join(process.env['MEZZ_OUTPUT'] ?? '', name), JSON.stringify(what))
}
