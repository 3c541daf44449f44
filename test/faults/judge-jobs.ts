import * as z from 'zod'
import type { Evidence } from './evidence.ts'
import type { Violation } from './judge.ts'
import { idOf } from './said.ts'

const Ended = z.object({ job: z.string(), state: z.string() })

/** Each job that was asked for is there once, has succeeded, and its end was told once. */
export function judgeJobs({ sent, effects, jobs, log }: Evidence): Violation[] {
  const found: Violation[] = []
  const asked = new Set(sent.filter(({ does }) => does === 'job').map(({ key, n }) => `${key} ${n}`))
  const handled = effects.filter(({ route, key, number }) => route === 'sent' && asked.has(`${key} ${number}`))
  const known = Map.groupBy(jobs, ({ key, number }) => `${key} ${number}`)
  for (const { key, number } of handled) {
    const some = known.get(`${key} ${number}`) ?? []
    if (some.length === 0) found.push({ kind: 'lost', invariant: 'I1', message: `${key} ${number} has no job` })
    if (some.length > 1)
      found.push({ kind: 'doubled', invariant: 'I3', message: `${key} ${number} has ${some.length} jobs` })
  }
  const ends = Map.groupBy(
    log.filter(({ topic }) => topic === 'jobs'),
    ({ value }) => Ended.parse(JSON.parse(value)).job,
  )
  for (const { id, state } of jobs) {
    if (state !== 'succeeded') found.push({ kind: 'other', invariant: 'I1', message: `job ${id} is ${state}` })
    const told = new Set((ends.get(id) ?? []).map(idOf)).size
    if (told === 0) found.push({ kind: 'lost', invariant: 'I1', message: `the end of job ${id} was not told` })
    if (told > 1)
      found.push({ kind: 'doubled', invariant: 'I3', message: `the end of job ${id} was told ${told} times` })
  }
  return found
}
