import type { Evidence } from './evidence.ts'
import type { Violation } from './judge.ts'
import { ROUTES } from './routes.ts'
import { idOf } from './said.ts'

const NUMBERED = ['sent', 'batch', 'counted', 'poured', 'due']

/** Effects happen once (I3), of the bytes that were sent, in their key's order (I5), within so many attempts (I4); no half object. */
export function judgeEffects({ sent, effects, invocations, log, epochs, missing }: Evidence): Violation[] {
  const found: Violation[] = []
  const numbered = effects.filter(({ route }) => NUMBERED.includes(route))
  for (const [name, some] of Map.groupBy(numbered, ({ route, key, number }) => `${route} ${key} ${number}`)) {
    if (some.length > 1)
      found.push({ kind: 'doubled', invariant: 'I3', message: `${name} took effect ${some.length} times` })
  }
  for (const [name, some] of Map.groupBy(effects, ({ route, source, id }) => `${route} ${source} ${id}`)) {
    if (some.length > 1)
      found.push({ kind: 'doubled', invariant: 'I3', message: `${name} took effect ${some.length} times` })
  }
  // What was buried and delivered again came outside the order promise.
  const redriven = new Set(
    sent.filter(({ topic, does }) => topic === 'poured' && does !== 'well').map(({ key, n }) => `${key} ${n}`),
  )
  const ordered = numbered.filter(({ key, number }) => !redriven.has(`${key} ${number}`))
  for (const [lane, some] of Map.groupBy(ordered, ({ route, key }) => `${route} ${key}`)) {
    const numbers = some.map(({ number }) => number)
    if (numbers.some((number, at) => at > 0 && number < (numbers[at - 1] ?? 0)))
      found.push({ kind: 'out of order', invariant: 'I5', message: `${lane}: ${numbers.join(', ')}` })
  }
  const digests = new Map(sent.map(({ key, n, sha256 }) => [`${key} ${n}`, sha256]))
  for (const { route, key, number, sha256 } of numbered) {
    if (route !== 'due' && digests.get(`${key} ${number}`) !== sha256)
      found.push({
        kind: 'other',
        invariant: 'I1',
        message: `${route} ${key} ${number} has other bytes than were sent`,
      })
  }
  for (const name of missing)
    found.push({ kind: 'lost', invariant: 'I6', message: `an effect names ${name}, which is not there` })

  const times = Map.groupBy(invocations, ({ route, id }) => `${route} ${id}`)
  const places = Map.groupBy(log, idOf)
  for (const { trigger, name, attempts } of ROUTES) {
    for (const [id, records] of places) {
      const most = records.reduce((sum, { partition }) => sum + attempts + epochOf(epochs, trigger, partition), 0)
      const n = times.get(`${name} ${id}`)?.length ?? 0
      if (n > most)
        found.push({ kind: 'other', invariant: 'I4', message: `${trigger} ${id} had ${n} attempts of ${most}` })
    }
  }
  return found
}

function epochOf(epochs: Evidence['epochs'], trigger: string, partition: number): number {
  return epochs.find((one) => one.trigger === trigger && one.partition === partition)?.epoch ?? 0
}
