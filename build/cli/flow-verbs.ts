import * as z from 'zod'
import { PlatformError } from '../../runtime/errors.ts'
import { askJson } from './ask.ts'
import type { Values } from './command.ts'
import { text } from './command.ts'
import { editJson } from './edit-json.ts'

const Cancelled = z.object({ id: z.string(), jobs: z.number() })
const Redriven = z.object({ redriven: z.number(), event: z.string().optional() })
const Letters = z.object({ items: z.array(z.object({ id: z.string(), flow: z.string(), trigger: z.string() })) })
const Letter = z.object({ data: z.unknown() })

/** Ends a flow run; answers with what to print. */
export async function cancelFlow(at: string): Promise<string> {
  const { id, jobs } = await askJson(new URL(`${at}/cancel`), Cancelled, { method: 'POST' })
  const ended = jobs === 0 ? '' : jobs === 1 ? ', its job ends' : `, its ${jobs} jobs end`
  return `flow ${id} is cancelled${ended}\n`
}

/** Delivers again what is dead of a flow run, with other data where `--edit` says so; answers with what to print. */
export async function redriveFlow(
  at: string,
  { url, values }: { readonly url: string; readonly values: Values },
): Promise<string> {
  const from = text(values['from'])
  const data = values['edit'] === true ? await editJson(await dataOf(at, { url, from })) : undefined
  const { redriven, event } = await askJson(new URL(`${at}/redrive`), Redriven, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...(from ? { from } : {}), ...(data === undefined ? {} : { data }) }),
  })
  if (event) return `sent as event ${event}\n`
  return redriven === 1 ? '1 event is delivered again\n' : `${redriven} events are delivered again\n`
}

async function dataOf(
  at: string,
  { url, from }: { readonly url: string; readonly from: string | undefined },
): Promise<unknown> {
  const flow = decodeURIComponent(at.slice(at.lastIndexOf('/') + 1))
  const search = new URLSearchParams({ flow, ...(from ? { trigger: from } : {}) })
  const { items } = await askJson(new URL(`${url}/_mezz/dead-letters?${search}`), Letters)
  const [letter, another] = items
  if (!letter) throw new PlatformError('conflict', 'nothing of this flow run is dead: there is nothing to edit')
  if (another) throw new PlatformError('conflict', `${items.length} events of it are dead: say which by --from TRIGGER`)
  return (await askJson(new URL(`${url}/_mezz/dead-letters/${letter.id}`), Letter)).data
}
