import * as z from 'zod'
import { askJson } from './ask.ts'
import { columns } from './columns.ts'
import type { Command, Values } from './command.ts'
import { text, UsageError, words } from './command.ts'
import { findPlatform, PLATFORM_HELP, PLATFORM_OPTIONS } from './find-platform.ts'

const DeliveryError = z.object({
  code: z.string(),
  status: z.number().nullable(),
  message: z.string(),
  version: z.string().optional(),
})
const Letter = z.object({
  id: z.string(),
  trigger: z.string(),
  event: z.object({ id: z.string(), source: z.string(), type: z.string(), subject: z.string() }),
  key: z.string(),
  flow: z.string(),
  attempts: z.number(),
  error: DeliveryError,
  fingerprint: z.string(),
  at: z.string(),
  redriveAt: z.string().optional(),
})
const Whole = Letter.extend({
  topic: z.string(),
  partition: z.number(),
  offset: z.number(),
  headers: z.record(z.string(), z.string()),
  data: z.unknown(),
})
const Letters = z.object({ items: z.array(Letter), next: z.string().optional() })
const Groups = z.object({
  items: z.array(
    z.object({
      fingerprint: z.string(),
      trigger: z.string(),
      count: z.number(),
      redriving: z.number(),
      firstAt: z.string(),
      lastAt: z.string(),
      error: DeliveryError,
      versions: z.array(z.string()),
    }),
  ),
})
const Redriven = z.object({ redriven: z.number() })
type Error = z.infer<typeof DeliveryError>

export const deadLetters: Command = {
  name: 'dead-letters',
  usage: 'list|show|redrive|discard [ID]',
  summary: 'events that were given up: why, and what to do with them',
  help: `
A trigger gives an event up when its function refuses it or its attempts are used up. It stays here.

  list          one line for each thing that events died of (its fingerprint): how many, first and last
                seen, which versions of the function; with --trigger or --group each event of it
  show ID       one of them: error, attempts, headers, data
  redrive ID    delivers it again: the same event under the same id, so what took effect before does not
                again; it may overtake later events of its key
  redrive --group FINGERPRINT | --trigger T | --since 2026-01-31T08:00:00Z
                delivers all of them again; where several are said, those for which all of it holds;
                --rate N: N a second at most
  discard ID    throws it away for good
${PLATFORM_HELP}`,
  options: {
    trigger: { type: 'string' },
    group: { type: 'string' },
    since: { type: 'string' },
    rate: { type: 'string' },
    ...PLATFORM_OPTIONS,
  },

  async run({ values, positionals }) {
    words(positionals, { needed: [], more: 2 })
    const [verb = 'list', id] = positionals
    const url = await findPlatform(values)
    const at = (path: string): URL => new URL(`${url}/_mezz/dead-letters${path}`)
    if (verb === 'list') return list(values, at)
    if (verb === 'redrive' && id === undefined) return redriveAll(values, at)
    if (id === undefined)
      throw new UsageError(`${verb} needs an ID: mezz dead-letters list --group FINGERPRINT shows them`)
    if (verb === 'show') return show(at(`/${encodeURIComponent(id)}`))
    if (verb === 'redrive')
      return say(await askJson(at(`/${encodeURIComponent(id)}/redrive`), Redriven, { method: 'POST' }))
    if (verb === 'discard') {
      await askJson(at(`/${encodeURIComponent(id)}`), z.unknown(), { method: 'DELETE' })
      process.stdout.write(`${id} is thrown away\n`)
      return 0
    }
    throw new UsageError(`${verb} is none of list, show, redrive, discard`)
  },
}

async function list(values: Values, at: (path: string) => URL): Promise<number> {
  const search = which(values)
  if (search.size === 0) {
    const { items } = await askJson(at('/groups'), Groups)
    const rows = items.map((one) => [
      one.fingerprint,
      one.trigger,
      String(one.count),
      one.redriving > 0 ? String(one.redriving) : '',
      clock(one.firstAt),
      clock(one.lastAt),
      one.versions.map((version) => version.slice(0, 8)).join(' '),
      short(one.error),
    ])
    const heads = ['FINGERPRINT', 'TRIGGER', 'COUNT', 'REDRIVING', 'FIRST (UTC)', 'LAST (UTC)', 'VERSION', 'ERROR']
    process.stdout.write(columns(heads, rows) || 'no dead letters\n')
    return 0
  }
  for (let after: string | undefined; ; ) {
    const { items, next } = await askJson(at(`?${search}${after ? `&after=${after}` : ''}`), Letters)
    const rows = items.map((one) => [
      one.id,
      one.trigger,
      one.event.subject,
      String(one.attempts),
      clock(one.at),
      one.redriveAt ? 'redriving' : '',
      short(one.error),
    ])
    process.stdout.write(
      columns(['ID', 'TRIGGER', 'OF', 'TRIES', 'DIED (UTC)', '', 'ERROR'], rows) || 'no dead letters\n',
    )
    after = next
    if (!after) return 0
  }
}

async function show(url: URL): Promise<number> {
  const letter = await askJson(url, Whole)
  const { error, event } = letter
  const lines = [
    `dead letter  ${letter.id}  died ${clock(letter.at)} UTC after ${letter.attempts} attempts${letter.redriveAt ? ', is being redriven' : ''}`,
    `trigger      ${letter.trigger}`,
    `event        ${event.type} ${event.id} from ${event.source}, of ${event.subject}, key ${letter.key}`,
    `place        ${letter.topic}/${letter.partition} at ${letter.offset}`,
    `flow         ${letter.flow}   (mezz flows ${letter.flow})`,
    `group        ${letter.fingerprint}`,
    `error        ${error.status ?? 'no answer'} ${error.code}${error.version ? ` of version ${error.version}` : ''}`,
    error.message.replace(/^/gm, '    '),
    'data',
    JSON.stringify(letter.data, null, 2).replace(/^/gm, '    '),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  return 0
}

async function redriveAll(values: Values, at: (path: string) => URL): Promise<number> {
  const search = which(values)
  if (search.size === 0) throw new UsageError('redrive needs an ID, or --trigger, --group or --since')
  const given = text(values['rate'])
  const rate = given === undefined ? undefined : Number(given)
  if (rate !== undefined && !(rate > 0)) throw new UsageError(`--rate ${given} is no number of events a second`)
  const body = JSON.stringify({ ...Object.fromEntries(search), ...(rate === undefined ? {} : { rate }) })
  return say(
    await askJson(at('/redrive'), Redriven, { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
  )
}

function which(values: Values): URLSearchParams {
  const given = { trigger: values['trigger'], fingerprint: values['group'], since: values['since'] }
  return new URLSearchParams(
    Object.entries(given).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as [string, string]] : [],
    ),
  )
}

function say({ redriven }: z.infer<typeof Redriven>): number {
  const what = redriven === 1 ? '1 event is delivered again' : `${redriven} events are delivered again`
  process.stdout.write(
    `${what}${redriven === 0 ? ': those that are meant are being redriven already, or are gone' : ''}\n`,
  )
  return 0
}

function short({ status, code, message }: Error): string {
  const whole = `${status ?? 'no answer'} ${code}: ${message}`.replaceAll(/\s+/g, ' ')
  return whole.length > 100 ? `${whole.slice(0, 99)}…` : whole
}

function clock(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ')
}
