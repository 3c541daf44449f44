/** How often people gave a task these labels, by person. */
export interface Pattern {
  readonly labels: Readonly<Record<string, string>>
  readonly tasks: number
}

export interface Agreement {
  /** Of the tasks, those whose labels are all equal. */
  readonly share: number
  readonly kappa: {
    readonly method: 'cohen' | 'fleiss'
    /** `null` where chance alone agrees on everything. */
    readonly value: number | null
    readonly tasks: number
  }
}

/**
 * How far people agree on the tasks that two or more of them labelled; `null` where there are none. Kappa is Cohen's for two
 * people (Educational and Psychological Measurement 20, 1960, 37–46), and for more Fleiss' (Psychological Bulletin 76, 1971,
 * 378–382), where a task's pairs count by its own number of labels, so that not everybody need have labelled everything.
 */
export function agreementOf(patterns: readonly Pattern[]): Agreement | null {
  const shared = patterns.filter(({ labels }) => Object.keys(labels).length > 1)
  const tasks = sum(shared, () => 1)
  if (tasks === 0) return null
  const people = [...new Set(shared.flatMap(({ labels }) => Object.keys(labels)))]
  const [one, two, ...more] = people
  const share = sum(shared, ({ labels }) => (new Set(Object.values(labels)).size === 1 ? 1 : 0)) / tasks
  const value =
    one !== undefined && two !== undefined && more.length === 0
      ? kappa(share, cohenChance(shared, [one, two]))
      : kappa(sum(shared, ({ labels }) => pairsAgreed(Object.values(labels))) / tasks, fleissChance(shared))
  return { share, kappa: { method: people.length === 2 ? 'cohen' : 'fleiss', value, tasks } }
}

function kappa(observed: number, chance: number): number | null {
  return chance < 1 ? (observed - chance) / (1 - chance) : null
}

/** The chance that two people agree who each give labels as often as they do. */
function cohenChance(patterns: readonly Pattern[], [one, two]: readonly [string, string]): number {
  const tasks = sum(patterns, () => 1)
  const share = (person: string, label: string): number =>
    sum(patterns, ({ labels }) => (labels[person] === label ? 1 : 0)) / tasks
  return labelsOf(patterns).reduce((chance, label) => chance + share(one, label) * share(two, label), 0)
}

/** The chance that two labels are equal, drawn from all that were given. */
function fleissChance(patterns: readonly Pattern[]): number {
  const given = sum(patterns, ({ labels }) => Object.keys(labels).length)
  return labelsOf(patterns).reduce((chance, label) => {
    const share = sum(patterns, ({ labels }) => Object.values(labels).filter((one) => one === label).length) / given
    return chance + share * share
  }, 0)
}

/** The share of the pairs of labels that are equal. */
function pairsAgreed(labels: readonly string[]): number {
  const pairs = labels.length * (labels.length - 1)
  return labels.reduce((equal, label) => equal + labels.filter((one) => one === label).length - 1, 0) / pairs
}

function labelsOf(patterns: readonly Pattern[]): readonly string[] {
  return [...new Set(patterns.flatMap(({ labels }) => Object.values(labels)))]
}

function sum(patterns: readonly Pattern[], of: (pattern: Pattern) => number): number {
  return patterns.reduce((total, pattern) => total + pattern.tasks * of(pattern), 0)
}
