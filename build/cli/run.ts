import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import { readEnvironment } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'
import { Prediction, Rows, Run, Runs } from '../demo/answers.ts'
import { askJson } from './ask.ts'
import type { Command, Values } from './command.ts'
import { text, UsageError, words } from './command.ts'
import { findPlatform, PLATFORM_HELP, PLATFORM_OPTIONS } from './find-platform.ts'
import { followRun, versionOf } from './follow-run.ts'
import { datasetOf, guessTask } from './run-dataset.ts'
import { packScript } from './script-files.ts'

const LOOK = 300
const JSON_TYPE = { 'content-type': 'application/json' }
const Put = z.looseObject({ model: z.string(), waitingFor: z.string().optional() })

export const run: Command = {
  name: 'run',
  usage: '<file|folder> --dataset NAME|FILE --target COLUMN [--task T] [--name N] [--follow]',
  summary: 'trains by your own script and serves what it saves',
  help: `
Puts a script (a file with the requirements.txt or package.json beside it, or a folder) as a pipeline on
a dataset, shows its log and its metrics as they come, and ends with the endpoint of the model. The
script finds the data as <dataset>.csv in its folder, and saves its model by one line:

  import mezz; mezz.save(model, metrics)

or serves by itself what no ONNX can say: mezz.serve(predict, metrics).

From then on the model is trained anew by each new version of the dataset and of the script. Exits with
1 and the reason when there is no model to serve.

  mezz run train.py --dataset churn --target churned
  mezz run . --entry jobs/train.py --dataset churn.csv --target churned
  mezz run --git https://example.org/us/churn.git --path train.py --dataset churn --target churned

  --dataset    a dataset, or a table file (CSV, NDJSON, Parquet) that is sent in first
  --target     the column to foretell
  --task       classification or regression; without it, text or few distinct values mean classification
  --name       of the script, the pipeline and the model (the dataset's)
  --entry      which file of a folder is started (train.py, main.py, …)
  --parameters JSON that the script finds in MEZZ_PARAMETERS
  --timeout    seconds that a run may take (3600)
  --git        a repository in place of a file: each push to the ref trains anew
  --ref        a branch or tag of it (HEAD)
  --path       the file of it that is started
  --follow     goes on with the runs that begin later, until Ctrl-C
${PLATFORM_HELP}`,
  options: {
    dataset: { type: 'string' },
    target: { type: 'string' },
    task: { type: 'string' },
    name: { type: 'string' },
    entry: { type: 'string' },
    parameters: { type: 'string' },
    timeout: { type: 'string' },
    git: { type: 'string' },
    ref: { type: 'string' },
    path: { type: 'string' },
    follow: { type: 'boolean' },
    ...PLATFORM_OPTIONS,
  },

  async run({ values, positionals }) {
    const git = text(values['git'])
    words(positionals, { needed: git === undefined ? ['file or a folder'] : [] })
    const target = needed(values, 'target')
    const given = needed(values, 'dataset')
    const order = orderOf(values)
    const base = `${await findPlatform(values)}/${readEnvironment().MEZZ_TEAM}`
    const dataset = await datasetOf(base, given)
    const name = text(values['name']) ?? dataset.name
    const task = text(values['task']) ?? guessTask(dataset, target)
    const before = (await runs(base, name))[0]?.id

    const trainer = git === undefined ? { script: name } : await gitTrainer(git)
    if (git === undefined) await putScript(positionals[0] ?? '')
    const { model, waitingFor } = await askJson(new URL(`${base}/train/pipelines/${name}`), Put, {
      method: 'PUT',
      headers: JSON_TYPE,
      body: JSON.stringify({ dataset: dataset.name, target, task, trainer, ...order }),
    })
    if (waitingFor !== undefined && !waitingFor.startsWith('features')) throw new PlatformError('conflict', waitingFor)
    say(`pipeline  ${name}: ${task} of ${target} in ${dataset.name}@${dataset.version} (${dataset.rows} rows)`)

    let last = await begun()
    let code = await follow(last)
    while (values['follow']) {
      const next = (await runs(base, model))[0]?.id
      if (next !== undefined && next !== last) code = await follow(next)
      last = next ?? last
      await wait(LOOK)
    }
    return code

    async function putScript(path: string): Promise<void> {
      const { archive, entry = text(values['entry']) } = await packScript(path)
      const query = entry === undefined ? '' : `?entry=${encodeURIComponent(entry)}`
      const Script = z.object({ name: z.string(), version: z.number(), entry: z.string(), files: z.array(z.unknown()) })
      const put = await askJson(new URL(`${base}/train/scripts/${name}${query}`), Script, {
        method: 'PUT',
        headers: { 'content-type': 'application/x-tar', 'content-length': String(archive.length) },
        body: Readable.from([archive]),
      })
      say(
        `script    ${put.name}@${put.version}: ${put.entry}${put.files.length > 1 ? ` of ${put.files.length} files` : ''}`,
      )
    }

    async function gitTrainer(url: string) {
      const ref = text(values['ref'])
      return { git: url, path: needed(values, 'path'), ...(ref === undefined ? {} : { ref }) }
    }

    /** The run that these facts began; where nothing was new, one more is asked for. */
    async function begun(): Promise<string> {
      for (;;) {
        const [newest] = await runs(base, model)
        if (newest && newest.id !== before) return newest.id
        if (newest && waitingFor === undefined) {
          const url = new URL(`${base}/train/pipelines/${name}/runs`)
          return (await askJson(url, Run, { method: 'POST' })).id
        }
        await wait(LOOK)
      }
    }

    async function follow(id: string): Promise<number> {
      const started = performance.now()
      say(`run       ${id}`)
      const { state, error } = await followRun(base, id, say)
      if (state !== 'succeeded') {
        process.stderr.write(`the run ${state}: ${error ?? state}\n`)
        return 1
      }
      const { version, state: made, reason } = await versionOf(base, model, id)
      if (made === 'rejected') {
        process.stderr.write(`version ${version} of ${model} was rejected: ${reason}\n`)
        return 1
      }
      say(`model     ${model}@${version} ${made} after ${((performance.now() - started) / 1000).toFixed(1)} s`)
      await showEndpoint()
      return 0
    }

    async function showEndpoint(): Promise<void> {
      const rows = new URL(`${base}/ingest/datasets/${dataset.name}/versions/${dataset.version}/rows?limit=1`)
      const [{ [target]: _, ...row } = {}] = (await askJson(rows, Rows)).items
      const url = `${base}/infer/models/${model}/predict`
      const body = JSON.stringify({ rows: [row] })
      const answer = await askJson(new URL(url), Prediction, { method: 'POST', headers: JSON_TYPE, body })
      say(`predicts  ${JSON.stringify(answer.predictions[0])}`)
      say(`\ncurl ${url} -H 'content-type: application/json' -d '${body.replaceAll("'", String.raw`'\''`)}'`)
    }
  },
}

function orderOf(values: Values) {
  const parameters = text(values['parameters'])
  const timeout = text(values['timeout'])
  return {
    ...(parameters === undefined ? {} : { parameters: parse(parameters) }),
    ...(timeout === undefined ? {} : { timeout: Number(timeout) }),
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new UsageError(`${json} is no JSON`)
  }
}

function needed(values: Values, name: string): string {
  const given = text(values[name])
  if (given === undefined) throw new UsageError(`--${name} is missing`)
  return given
}

async function runs(base: string, model: string): Promise<Run[]> {
  return (await askJson(new URL(`${base}/train/runs?model=${model}&limit=1`), Runs)).items
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
