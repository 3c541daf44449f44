import type { Round } from './round.ts'

const HEAD = [
  'scenario',
  'runs',
  'killed',
  'sent',
  'acknowledged',
  'handled',
  'dead',
  'lost',
  'doubled',
  'out of order',
  'other',
  'longest recovery',
]

/** The rounds by their scenario, one line each, and the sums. */
export function table(rounds: readonly Round[]): string {
  const rows = [...Map.groupBy(rounds, ({ name }) => name)].map(([name, some]) => row(name, some))
  const all = [HEAD, ...rows, row('all', rounds)]
  const widths = HEAD.map((_, at) => Math.max(...all.map((cells) => cells[at]?.length ?? 0)))
  return all
    .map((cells) =>
      cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
    )
    .join('\n')
}

function row(name: string, rounds: readonly Round[]): string[] {
  const sum = (of: (round: Round) => number): string => String(rounds.reduce((total, one) => total + of(one), 0))
  const violations = (kind: string): string =>
    sum((one) => one.violations.filter((found) => found.kind === kind).length)
  return [
    name,
    String(rounds.length),
    sum(({ killed }) => killed),
    sum(({ sent }) => sent),
    sum(({ acknowledged }) => acknowledged),
    sum(({ handled }) => handled),
    sum(({ dead }) => dead),
    violations('lost'),
    violations('doubled'),
    violations('out of order'),
    violations('other'),
    `${(Math.max(0, ...rounds.map(({ recovery }) => recovery)) / 1000).toFixed(1)} s`,
  ]
}
