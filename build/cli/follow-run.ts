import { text as wholeText } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import type * as z from 'zod'
import { Model, Run } from '../demo/answers.ts'
import { ask, askJson } from './ask.ts'

const LOOK = 300

/** A run, its log and its metrics told as they come, to its end. */
export async function followRun(base: string, id: string, say: (line: string) => void): Promise<Run> {
  const told = new Map<string, number>()
  let lines = 0
  for (;;) {
    // Asked before the log: what an ended run has printed is all there.
    const run = await askJson(new URL(`${base}/train/runs/${id}`), Run)
    await tellLog()
    for (const [name, value] of Object.entries(run.metrics)) {
      if (told.get(name) !== value) say(`${name} ${value.toPrecision(6)}`)
      told.set(name, value)
    }
    if (['succeeded', 'failed', 'cancelled'].includes(run.state)) return run
    await wait(LOOK)
  }

  async function tellLog(): Promise<void> {
    for (;;) {
      const { body } = await ask(new URL(`${base}/train/runs/${id}/log?after=${lines}`))
      const more = (await wholeText(body)).split('\n').slice(0, -1)
      for (const line of more) say(`  ${line.slice(line.indexOf(' ') + 1)}`)
      lines += more.length
      if (more.length === 0) return
    }
  }
}

export type MadeVersion = z.infer<typeof Model>['versions'][number]

/** The version that became of a run, as soon as it is one that answers, that may, or that was refused. */
export async function versionOf(base: string, model: string, run: string): Promise<MadeVersion> {
  for (;;) {
    const { status, body } = await ask(new URL(`${base}/publish/models/${model}`))
    const said = await wholeText(body)
    const made = status === 200 ? Model.parse(JSON.parse(said)).versions.find((one) => one.run === run) : undefined
    if (made) return made
    await wait(LOOK)
  }
}
