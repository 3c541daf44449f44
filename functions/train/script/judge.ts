import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Signature } from 'mezz/events'
import * as z from 'zod'
import { ScriptFault } from './fault.ts'
import type { Settings } from './settings.ts'

const Metrics = z.record(z.string(), z.number())
const Numbers = z.array(z.array(z.number()))
const Value = z.union([z.number(), z.string(), z.boolean()]).nullable()

/** What the library itself says of some rows: of a LightGBM text its raw scores, else probabilities or values. */
const Reference = z.union([
  z.object({ features: z.array(z.string()), rows: z.array(z.array(z.number().nullable())), raw: Numbers }),
  z.object({ rows: z.array(z.array(Value)), probabilities: Numbers }),
  z.object({ rows: z.array(z.array(Value)), values: z.array(z.number()) }),
])
const HELP =
  'a script leaves a model by mezz.save(model) or mezz.serve(predict), or writes model.onnx, signature.json and reference.json itself'

/** Demands that a script left a model with all that judges it; says in a `ScriptFault` what is not as it should be. */
export async function judge(folder: string, { entry, task, target }: Settings): Promise<void> {
  const models = (
    await Promise.all(['model.onnx', 'model.txt', 'contract.json'].map((name) => isThere(join(folder, name))))
  ).filter(Boolean)
  if (models.length !== 1) {
    throw new ScriptFault(`${entry} left ${models.length === 0 ? 'no model' : 'two models'}: ${HELP}`)
  }
  const read = async <schema extends z.ZodType>(name: string, schema: schema) => {
    const text = await readFile(join(folder, name), 'utf8').catch(() => {
      throw new ScriptFault(`${entry} left no ${name}: ${HELP}`)
    })
    return demand(name, schema, text)
  }
  const { inputs = [], classes = [], ...signature } = await read('signature.json', Signature)
  if (signature.task !== task || signature.target !== target) {
    const left = `${signature.task} of ${signature.target}`
    throw new ScriptFault(`${entry} left a ${left}, its pipeline asks for a ${task} of ${target}`)
  }
  if (inputs.length === 0) throw new ScriptFault('signature.json names no inputs: the columns that the model takes')
  if (task === 'classification' && classes.length < 2) {
    throw new ScriptFault(`signature.json names ${classes.length} classes, and a classification has two at least`)
  }
  const { rows } = await read('reference.json', Reference)
  if (rows.length === 0) throw new ScriptFault('reference.json holds no row: the model could not be proved')
  const odd = rows.find(({ length }) => length !== inputs.length)
  if (odd) throw new ScriptFault(`reference.json has a row of ${odd.length} values, the model takes ${inputs.length}`)
  if (await isThere(join(folder, 'metrics.json'))) await read('metrics.json', Metrics)
  else await writeFile(join(folder, 'metrics.json'), '{}')
}

function demand<schema extends z.ZodType>(name: string, schema: schema, text: string): z.output<schema> {
  const parsed = schema.safeParse(json(name, text))
  if (parsed.success) return parsed.data
  throw new ScriptFault(`${name} cannot be read: ${z.prettifyError(parsed.error).replaceAll(/\s+/g, ' ')}`)
}

function json(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ScriptFault(`${name} is not JSON`)
  }
}

async function isThere(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => null)
  return found?.isFile() === true
}
