import type { Evidence, Logged } from './evidence.ts'
import type { Violation } from './judge.ts'
import { ROUTES } from './routes.ts'
import { idOf, numberOf } from './said.ts'

/** What was acknowledged is in the log once (I6), and each event of the log has one end with each trigger (I1). */
export function judgeEnds({ sent, log, effects, published, dead, things, open }: Evidence): Violation[] {
  const found: Violation[] = []
  const ids = new Map<string, Set<string>>()
  for (const record of log.filter(({ topic }) => topic === 'sent' || topic === 'poured')) {
    const name = numberOf(record)
    ids.set(name, (ids.get(name) ?? new Set()).add(idOf(record)))
  }
  const asked = new Set(sent.map(({ key, n }) => `${key} ${n}`))
  for (const { say, key, n } of sent) {
    if (say === 'acknowledged' && !ids.has(`${key} ${n}`))
      found.push({ kind: 'lost', invariant: 'I6', message: `${key} ${n} was acknowledged and is not in the log` })
  }
  for (const [name, some] of ids) {
    if (some.size > 1)
      found.push({
        kind: 'doubled',
        invariant: 'I3',
        message: `${name} is ${some.size} events: ${[...some].join(', ')}`,
      })
    if (!asked.has(name)) found.push({ kind: 'other', invariant: 'I1', message: `${name} was never sent` })
  }
  for (const [name, some] of Map.groupBy(things, ({ key, number }) => `${key} ${number}`)) {
    if (some.length > 1)
      found.push({
        kind: 'doubled',
        invariant: 'I3',
        message: `the request for ${name} took effect ${some.length} times`,
      })
  }

  const handled = new Set([
    ...effects.map(({ route, source, id }) => `${route} ${source} ${id}`),
    ...published.map(({ path, source, id }) => `${path} ${source} ${id}`),
  ])
  const buried = new Set(dead.map(({ trigger, record }) => `${trigger} ${idOf(record)}`))
  for (const record of unique(log)) {
    for (const { trigger, name, path } of routesOf(record)) {
      const isHandled = handled.has(`${name ?? path} ${record.headers['ce_source']} ${idOf(record)}`)
      const isBuried = buried.has(`${trigger} ${idOf(record)}`)
      const what = `${trigger} ${idOf(record)} (${record.value.slice(0, 60)})`
      if (!isHandled && !isBuried) found.push({ kind: 'lost', invariant: 'I1', message: `${what} has no end` })
      if (isHandled && isBuried)
        found.push({ kind: 'other', invariant: 'I1', message: `${what} took effect and is dead` })
    }
  }
  for (const step of open) found.push({ kind: 'other', invariant: 'I1', message: `a flow's step has no end: ${step}` })
  return found
}

function unique(log: readonly Logged[]): Logged[] {
  return [...new Map(log.map((one) => [`${one.headers['ce_source']} ${idOf(one)}`, one])).values()]
}

function routesOf({ headers, key }: Logged) {
  return ROUTES.filter(
    ({ type, trigger }) => type === headers['ce_type'] && (trigger === key || !type.includes('schedule')),
  )
}
