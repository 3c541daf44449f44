import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { eventually } from './eventually.ts'

const Flows = z.object({ items: z.array(z.looseObject({ state: z.string() })) })
const Model = z.object({
  published: z.number().nullable(),
  versions: z.array(z.looseObject({ version: z.number(), state: z.string() })),
})
const Rows = z.object({ items: z.array(z.record(z.string(), z.unknown())) })
const Answer = z.object({
  id: z.string(),
  version: z.number(),
  predictions: z.array(z.looseObject({ label: z.unknown().optional(), value: z.number().optional() })),
})

export interface Table {
  readonly name: string
  readonly file: string
  readonly target: string
  readonly task: 'classification' | 'regression'
}

export const CELLS: Table = {
  name: 'cells',
  file: 'build/demo/breast-cancer.csv',
  target: 'target',
  task: 'classification',
}

/** Puts the pipeline and sends the table: all else follows by events. */
export async function begin(url: string, { name, file, target, task }: Table): Promise<void> {
  const pipeline = await fetch(`${url}/default/train/pipelines/${name}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ dataset: name, target, task }),
  })
  assert.equal(pipeline.status, 201, await pipeline.text())
  const dataset = await fetch(`${url}/default/ingest/datasets?name=${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'text/csv' },
    body: await readFile(file),
  })
  assert.equal(dataset.status, 201, await dataset.text())
}

/** Resolves when the model has a published version and every flow has come to its end. */
export async function published(url: string, name: string, seconds = 60): Promise<z.infer<typeof Model>> {
  const look = async () => {
    const model = await ask(`${url}/default/publish/models/${name}`, Model)
    const flows = await ask(`${url}/_mezz/flows`, Flows)
    return model.published !== null && flows.items.every(({ state }) => state === 'done') && model
  }
  return eventually(`a published version of ${name}`, look, seconds)
}

/** A row of the table, as the platform gives it back. */
export async function someRow(url: string, name: string): Promise<Record<string, unknown>> {
  const { items } = await ask(`${url}/default/ingest/datasets/${name}/versions/1/rows?limit=1`, Rows)
  return items[0] ?? {}
}

export async function predict(url: string, name: string, rows: readonly unknown[]): Promise<z.infer<typeof Answer>> {
  const answer = await fetch(`${url}/default/infer/models/${name}/predict`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ rows }),
  })
  const body: unknown = await answer.json()
  assert.equal(answer.status, 200, JSON.stringify(body))
  return Answer.parse(body)
}

/** JSON of a route that must answer 2xx. */
export async function ask<schema extends z.ZodType>(url: string, schema: schema): Promise<z.output<schema>> {
  const response = await fetch(url)
  assert.ok(response.ok, `${url} answered ${response.status}`)
  return schema.parse(await response.json())
}
