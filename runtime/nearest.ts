/** The names that a mistyped one may have meant, the likeliest first: at most three, none where nothing is near. */
export function nearest(given: string, names: readonly string[]): readonly string[] {
  const far = Math.max(2, Math.floor(given.length / 3))
  return names
    .map((name) => ({ name, steps: name.includes(given) ? 0 : distance(given, name) }))
    .filter(({ steps }) => steps <= far)
    .sort((a, b) => a.steps - b.steps)
    .slice(0, 3)
    .map(({ name }) => name)
}

/** Letters to change, add or leave out (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
