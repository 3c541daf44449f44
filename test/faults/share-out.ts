import type { Scenario } from './scenario.ts'

export interface Planned {
  readonly scenario: Scenario
  readonly seed: number
}

/** So many seeds, given to the scenarios by their shares and each at least one where they suffice, in an order that mixes them. */
export function shareOut(scenarios: readonly Scenario[], seeds: number, first: number): Planned[] {
  const whole = scenarios.reduce((sum, { share }) => sum + share, 0)
  const given = new Map<Scenario, number>()
  return Array.from({ length: seeds }, (_, at) => {
    const [scenario] = scenarios
      .map((one) => [one, (given.get(one) ?? 0) - ((at + 1) * one.share) / whole] as const)
      .sort(([, a], [, b]) => a - b)
      .map(([one]) => one)
    if (!scenario) throw new Error('there is no scenario')
    given.set(scenario, (given.get(scenario) ?? 0) + 1)
    return { scenario, seed: first + at }
  })
}
