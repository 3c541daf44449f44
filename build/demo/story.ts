import { openAsBlob } from 'node:fs'
import { basename, extname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import type { Dataset, Run, Step } from './answers.ts'
import {
  Conversion,
  Dataset as DatasetAnswer,
  Extractions,
  Flows,
  Lineage,
  Model,
  Prediction,
  Rows,
  Runs,
} from './answers.ts'
import { ask, send } from './client.ts'
import { nameOf, TYPES } from './table-file.ts'

export interface StoryOptions {
  /** `http://127.0.0.1:8080/default`. */
  readonly base: string
  readonly platform: string
  readonly file: string
  readonly target: string
  readonly task: 'classification' | 'regression' | undefined
  say(line: string): void
}

export interface Told {
  readonly model: string
  /** A row to ask about again. */
  readonly row: Readonly<Record<string, unknown>>
}

const LOOK = 150
const HOLDOUT = 5
/** A number with as few different values is taken for a class. */
const FEW = 20

/** The main job on one table, told as it happens: from a file to predictions and back to its bytes. Throws where the chain breaks. */
export async function tellStory({ base, platform, file, target, task, say }: StoryOptions): Promise<Told> {
  const name = nameOf(file)
  const begun = performance.now()
  const dataset = await ingest()
  const chosen = task ?? guess(dataset)
  await send('PUT', `${base}/train/pipelines/${name}`, z.unknown(), { dataset: name, target, task: chosen })
  say(line('pipeline', `${name}: ${chosen} of ${target} by gbdt, every fifth row held out`))
  const run = await follow()
  say('')
  say(`${Object.keys(run.metrics).length > 0 ? measured(run.metrics) : 'no metrics'}`)
  say(`(on rows that the model has not seen; ${((performance.now() - begun) / 1000).toFixed(1)} s from file to model)`)
  const { row, id } = await predict()
  await lineage(id)
  return { model: name, row }

  async function ingest(): Promise<Dataset> {
    const type = TYPES[extname(file).toLowerCase()] ?? 'text/csv'
    const started = performance.now()
    const { data, headers } = await ask(`${base}/ingest/datasets?name=${name}`, DatasetAnswer, {
      method: 'POST',
      headers: { 'Content-Type': type },
      body: await openAsBlob(file),
    })
    const ms = performance.now() - started
    say(
      line(
        'ingest',
        `${name}@${data.version}: ${data.rows} rows, ${data.columns.length} columns, ${data.bytes} bytes`,
        { ms, ...served(headers) },
      ),
    )
    return data
  }

  function guess({ columns }: Dataset): 'classification' | 'regression' {
    const column = columns.find((one) => one.name === target)
    if (!column)
      throw new Error(`${basename(file)} has no column ${target}; it has ${columns.map((one) => one.name).join(', ')}`)
    const isClass = column.type !== 'number' || column.distinct <= FEW
    const chosen = isClass ? 'classification' : 'regression'
    say(
      line(
        'task',
        `${chosen}: ${target} is ${column.type} with ${column.distinct} distinct values (--task says otherwise)`,
      ),
    )
    return chosen
  }

  /** Shows each step when it has ended, and how far training is meanwhile. */
  async function follow(): Promise<Run> {
    const shown = new Set<string>()
    let progress = -1
    for (;;) {
      const { data } = await ask(`${platform}/_mezz/flows`, Flows)
      const steps = data.items.flatMap(({ steps }) => steps).sort((a, b) => (a.at < b.at ? -1 : 1))
      for (const step of steps) {
        const key = `${step.step} ${step.event} ${step.at}`
        if (!step.step || !['done', 'dead', 'failed'].includes(step.state) || shown.has(key)) continue
        shown.add(key)
        say(line(step.step.startsWith('job/') ? 'job' : step.function, await made(step), step))
      }
      const broken = steps.find(({ state }) => state === 'dead' || state === 'failed')
      if (broken) throw new Error(`${broken.function} failed on ${broken.event}: ${broken.error ?? broken.state}`)
      const [run] = (await ask(`${base}/train/runs?model=${name}`, Runs)).data.items
      const percent = Math.floor((run?.progress ?? 0) * 4) * 25
      if (run?.state === 'running' && percent > progress && percent > 0) {
        progress = percent
        say(line('', `training ${percent} %  ${measured(run.metrics)}`))
      }
      const allEnded = data.items.every(({ state }) => state === 'done')
      if (run?.state === 'succeeded' && allEnded && (await published())) return run
      await wait(LOOK)
    }
  }

  async function published(): Promise<boolean> {
    const response = await fetch(`${base}/publish/models/${name}`)
    if (response.status === 404) return false
    const model = Model.parse(await response.json())
    const refused = model.versions.find(({ state }) => state === 'rejected')
    if (refused) throw new Error(`version ${refused.version} was rejected: ${refused.reason}`)
    return model.published !== null && model.published !== undefined
  }

  /** What a step has made, by asking the function that made it. */
  async function made({ function: by, event, step }: Step): Promise<string> {
    const says = step?.startsWith('job/') ? 'job' : `${by} ${event}`
    switch (says) {
      case 'features mezz.dataset.ingested.v1': {
        const [last] = (await ask(`${base}/features/extractions?view=${name}`, Extractions)).data.items
        return last ? `${last.columns.length} features of ${last.rows} rows` : 'features'
      }
      case 'train mezz.features.extracted.v1':
        return 'the pipeline has its data'
      case 'job': {
        const [run] = (await ask(`${base}/train/runs?model=${name}`, Runs)).data.items
        return `trained: ${measured(run?.metrics ?? {})}`
      }
      case 'train mezz.job.ended.v1':
        return 'a trained model, with its scores on the rows held out'
      case 'convert mezz.model.trained.v1': {
        const [run] = (await ask(`${base}/train/runs?model=${name}`, Runs)).data.items
        const { data } = await ask(`${base}/convert/conversions/${run?.id}`, Conversion)
        return `ONNX, proved on ${data.rows} rows: ${data.leafMismatches} leaves differ, scores by ${data.maxAbsoluteDifference.toPrecision(2)} at most`
      }
      case 'publish mezz.model.converted.v1':
        return 'a version, published'
      case 'publish mezz.model.published.v1':
        return 'the version that answers from now on'
      default:
        return `has ${event.replace(/^mezz\.|\.v\d+$/g, '')}`
    }
  }

  async function predict(): Promise<{ row: Record<string, unknown>; id: string }> {
    const { data } = await ask(
      `${base}/ingest/datasets/${name}/versions/${dataset.version}/rows?limit=${HOLDOUT * 5}`,
      Rows,
    )
    const unseen = data.items.filter((_, index) => index % HOLDOUT === HOLDOUT - 1)
    const rows = unseen.map(({ [target]: _, ...row }) => row)
    const { data: answer, headers } = await send('POST', `${base}/infer/models/${name}/predict`, Prediction, { rows })
    const { process, coldStartMs } = served(headers)
    say('')
    say(
      `predictions by ${name}@${answer.version}${process ? `, served by ${process}` : ''}${coldStartMs ? ` (cold start ${coldStartMs} ms)` : ''}`,
    )
    answer.predictions.forEach((one, at) => {
      const truth = String(unseen[at]?.[target])
      const said =
        'value' in one
          ? one.value.toPrecision(6)
          : `${one.label}  p ${(one.probabilities[String(one.label)] ?? 0).toFixed(3)}`
      say(`  ${said.padEnd(28)} in truth ${truth}`)
    })
    return { row: rows[0] ?? {}, id: answer.id }
  }

  async function lineage(id: string): Promise<void> {
    const { data } = await ask(`${platform}/_mezz/lineage?of=${encodeURIComponent(id)}`, Lineage)
    say('')
    say('where the prediction comes from')
    for (const { kind, name: of, version, digest } of data.nodes) {
      const known = `${of}${version ? `@${version}` : ''}`.replace(/sha256:[0-9a-f]{64}/, (whole) => whole.slice(0, 23))
      say(`  ${kind.padEnd(12)} ${known}${digest && !known.includes('sha256:') ? `  ${digest.slice(0, 19)}` : ''}`)
    }
  }
}

interface Served {
  readonly ms?: number | undefined
  readonly process?: string | undefined
  readonly coldStartMs?: number | undefined
}

function served(headers: Headers): Served {
  const cold = headers.get('x-mezz-cold-start')
  return { process: headers.get('x-mezz-process') ?? undefined, coldStartMs: cold === null ? undefined : Number(cold) }
}

function line(who: string, what: string, { ms, process, coldStartMs }: Served = {}): string {
  const time = ms === undefined ? '' : `${Math.round(ms)} ms`
  const by = process
    ? `  ${process}${coldStartMs === undefined ? '' : `, cold start ${Math.round(coldStartMs)} ms`}`
    : ''
  return `${who.padEnd(9)} ${what.padEnd(66)} ${time.padStart(8)}${by}`.trimEnd()
}

function measured(metrics: Readonly<Record<string, number>>): string {
  const order = ['accuracy', 'r2', 'auc', 'f1', 'logLoss', 'rmse', 'mae']
  const known = order.filter((name) => metrics[name] !== undefined)
  return known.map((name) => `${name} ${(metrics[name] ?? 0).toFixed(3)}`).join('  ')
}
