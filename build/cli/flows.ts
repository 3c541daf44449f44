import { setTimeout as after } from 'node:timers/promises'
import * as z from 'zod'
import { PlatformError } from '../../runtime/errors.ts'
import { askJson } from './ask.ts'
import type { Command } from './command.ts'
import { text, UsageError, whole, words } from './command.ts'
import { findPlatform, PLATFORM_HELP, PLATFORM_OPTIONS } from './find-platform.ts'
import { Flow, flowLines, flowText, stepText } from './flow-text.ts'
import { cancelFlow, redriveFlow } from './flow-verbs.ts'
import { painter } from './painter.ts'

const LOOK_MS = 500
/** Between an event's commit and its record a run looks ended: it is when it looks so this often in a row. */
const LOOKS_ENDED = 3
/** An event that was just sent has no record yet. */
const LOOKS_FOR = 20
const Flows = z.object({ items: z.array(Flow) })

export const flows: Command = {
  name: 'flows',
  usage: '[id] [--watch] [--limit 20] | cancel ID | redrive ID [--from T] [--edit]',
  summary: 'shows flow runs: what an event or a request led to; cancels one, redrives one',
  help: `
Without an id one line a flow run, the newest first: each function with ✓ done, … running, ·
waiting, ✗ failed. With an id (the beginning of it will do) each step: when, which event of what,
how long, how many tries, in which process, its cold start, what it waits for, and the error in
full.

  cancel ID    no event of it is delivered any more, its jobs end
  redrive ID   delivers again what is dead of it, each event under its id; --from T: that trigger alone;
               --edit opens the dead event's data in $EDITOR, and sends what you save as a new event
  --watch      goes on until the flow run ends; without an id, until Ctrl-C
  --limit      so many flow runs at most (20)
${PLATFORM_HELP}`,
  options: {
    watch: { type: 'boolean' },
    limit: { type: 'string', default: '20' },
    from: { type: 'string' },
    edit: { type: 'boolean' },
    ...PLATFORM_OPTIONS,
  },

  async run({ values, positionals }) {
    words(positionals, { needed: [], more: 2 })
    const [id, of] = positionals
    if (id === 'cancel' || id === 'redrive') {
      if (of === undefined) throw new UsageError(`${id} which? mezz flows shows their ids`)
      const url = await findPlatform(values)
      const at = `${url}/_mezz/flows/${encodeURIComponent(await fullId(of, url))}`
      return print(id === 'cancel' ? await cancelFlow(at) : await redriveFlow(at, { url, values }))
    }
    if (of !== undefined) throw new UsageError(`it takes no ${of}`)
    const limit = whole(text(values['limit']) ?? '20', 1)
    const url = await findPlatform(values)
    const all = async (): Promise<readonly Flow[]> =>
      (await askJson(new URL(`${url}/_mezz/flows?limit=${Math.min(limit, 1000)}`), Flows)).items
    const one = (name: string): Promise<Flow> =>
      askJson(new URL(`${url}/_mezz/flows/${encodeURIComponent(name)}`), Flow)
    const watch = values['watch'] === true
    if (id === undefined) return watch ? watchAll(all) : print(flowLines(await all()) || 'no flow run yet\n')
    if (!watch) return print(flowText(await one(await fullId(id, url))))
    return watchOne(() => one(id))
  },
}

/** A run by the beginning of its id, as git has it. */
async function fullId(start: string, url: string): Promise<string> {
  if (start.length >= 36) return start
  const { items } = await askJson(new URL(`${url}/_mezz/flows?limit=1000`), Flows)
  const found = items.filter(({ id }) => id.startsWith(start))
  const [only, another] = found
  if (!only) return start
  if (another)
    throw new PlatformError('conflict', `${found.length} flow runs begin with ${start}: write more of the id`)
  return only.id
}

async function watchOne(look: () => Promise<Flow>): Promise<number> {
  const show = painter(process.stdout)
  const told = new Map<string, string>()
  let ended = 0
  for (let looks = 1; ; looks++) {
    const flow = await look().catch((error: unknown) => {
      if (error instanceof PlatformError && error.code === 'not_found' && looks < LOOKS_FOR) return undefined
      throw error
    })
    if (flow) {
      if (show) show(flowText(flow))
      else appendChanges(flow, told)
      ended = flow.state === 'running' || flow.state === 'waiting' ? 0 : ended + 1
      if (ended === LOOKS_ENDED) {
        if (!show) print(`${flow.state}\n`)
        return flow.state === 'done' ? 0 : 1
      }
    }
    await after(LOOK_MS)
  }
}

async function watchAll(look: () => Promise<readonly Flow[]>): Promise<number> {
  const show = painter(process.stdout)
  const told = new Map<string, string>()
  for (;;) {
    const flows = await look()
    if (show) show(flowLines(flows))
    else {
      for (const flow of flows.toReversed()) {
        const [, line = ''] = flowLines([flow]).split('\n')
        if (told.get(flow.id) !== line) print(`${line}\n`)
        told.set(flow.id, line)
      }
    }
    await after(LOOK_MS)
  }
}

function appendChanges(flow: Flow, told: Map<string, string>): void {
  const seen = new Map<string, number>()
  for (const step of flow.steps) {
    const name = `${step.step ?? step.function} ${step.event} ${step.subject}`
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    const change = stepText(step, flow.startedAt)
    if (told.get(`${name} ${count}`) !== change) print(change)
    told.set(`${name} ${count}`, change)
  }
}

function print(said: string): number {
  process.stdout.write(said)
  return 0
}
