import * as z from 'zod'
import type { Evidence } from './evidence.ts'
import type { Violation } from './judge.ts'
import { ROUTES } from './routes.ts'
import { idOf } from './said.ts'
import { POISON } from './toys/events.ts'

const Poured = z.object({ does: z.string() })

/** Poison alone is buried, after its attempts (I4), with all that is needed to look at it and to send it again (I7). */
export function judgeDead({ dead, log, epochs }: Evidence): Violation[] {
  const found: Violation[] = []
  const tell = (invariant: string, message: string) => found.push({ kind: 'other', invariant, message })
  const records = new Map(log.map((one) => [`${one.topic} ${one.partition} ${one.offset}`, one]))
  for (const { trigger, topic, partition, offset, attempts, record, error } of dead) {
    const what = `${trigger} ${idOf(record)} (${record.value.slice(0, 60)}; ${error.status} ${error.code}: ${error.message})`
    const { does } = Poured.safeParse(JSON.parse(record.value)).data ?? { does: '' }
    const isPoison = POISON.some((one) => one === does) || (does === 'spoils' && trigger === 'sent-in-batches')
    if (!isPoison) tell('I1', `${what} is dead and was well`)
    const policy = ROUTES.find((one) => one.trigger === trigger)?.attempts ?? 0
    const epoch = epochs.find((one) => one.trigger === trigger && one.partition === partition)?.epoch ?? 0
    if (attempts < policy || attempts > policy + epoch)
      tell('I4', `${what} is dead after ${attempts} attempts of ${policy}`)
    const said = records.get(`${topic} ${partition} ${offset}`)
    const isWhole = said?.value === record.value && JSON.stringify(said.headers) === JSON.stringify(record.headers)
    if (!isWhole) tell('I7', `${what} is not what lies in the log at ${topic}/${partition}/${offset}`)
    if (!record.headers['ce_traceparent'] || !error.code) tell('I7', `${what} says nothing of its trace or its error`)
  }
  return found
}
