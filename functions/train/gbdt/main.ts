import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from 'mezz/errors'
import { Definition } from 'mezz/tabular/definition'
import * as z from 'zod'
import { learn } from './learn.ts'
import { parseParameters } from './parameters.ts'
import { readTable } from './read-table.ts'
import { toLightgbmText } from './text.ts'

// The program of a training job: a table and a definition in, a model with all that judges it out; or, as `refusal.json`, why there can be none.

const Variables = z.object({
  /** CSV: the target, then the features. */
  TABLE: z.string(),
  DEFINITION: z.string(),
  SETTINGS: z.string(),
  MEZZ_OUTPUT: z.string(),
})
const Settings = z.object({
  target: z.string(),
  targetType: z.enum(['number', 'boolean', 'category']),
  task: z.enum(['classification', 'regression']),
  parameters: z.record(z.string(), z.unknown()),
  holdout: z.number(),
})
const SPOKEN = 10

try {
  await main()
} catch (error) {
  if (!(error instanceof PlatformError)) throw error
  console.error(error.message)
  await writeFile(join(process.env['MEZZ_OUTPUT'] ?? '', 'refusal.json'), JSON.stringify({ reason: error.message }))
}

async function main(): Promise<void> {
  const { TABLE, DEFINITION, SETTINGS, MEZZ_OUTPUT } = Variables.parse(process.env)
  const definition = Definition.parse(JSON.parse(await readFile(DEFINITION, 'utf8')))
  const settings = Settings.parse(JSON.parse(SETTINGS))
  const { target, task, holdout } = settings
  const parameters = parseParameters(settings.parameters)
  const table = await readTable(TABLE, { definition, target: settings.targetType, holdout })
  const [learning, held] = [table.training.rows.length, table.holdout.rows.length]
  const share = ((100 * held) / (learning + held)).toFixed(1)
  console.log(
    `${learning} rows to learn from, ${held} held out (${share} %), ${table.unlabelled} without ${target} left out`,
  )

  const { ensemble, encoder, classes, metrics, reference } = learn(table, {
    definition,
    task,
    target,
    parameters,
    onRound: (round, rounds, loss) => {
      tell({ progress: round / rounds, metrics: { trainingLoss: loss } })
      if (round % SPOKEN === 0 || round === rounds)
        console.log(`round ${round} of ${rounds}: training loss ${loss.toPrecision(6)}`)
    },
  })
  tell({ progress: 1, metrics })
  console.log(
    Object.entries(metrics)
      .map(([name, value]) => `${name} ${value.toPrecision(6)}`)
      .join(', '),
  )
  const write = (name: string, text: string): Promise<void> => writeFile(join(MEZZ_OUTPUT, name), text)
  await write('model.txt', toLightgbmText(ensemble, parameters))
  await write('encoder.json', JSON.stringify(encoder))
  await write('metrics.json', JSON.stringify(metrics))
  await write('reference.json', JSON.stringify(reference))
  await write('signature.json', JSON.stringify({ task, target, ...(classes ? { classes } : {}) }))
}

/** A line that the engine reads as progress. */
function tell(progress: { readonly progress: number; readonly metrics: object }): void {
  console.log(`mezz: ${JSON.stringify(progress)}`)
}
