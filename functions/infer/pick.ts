/** Chooses by weight; the same UUID (its last 32 bits are random) gets the same choice. */
export function pick<choice extends { readonly traffic: number }>(choices: readonly choice[], uuid: string): choice {
  const total = choices.reduce((sum, { traffic }) => sum + traffic, 0)
  let left = (Number.parseInt(uuid.slice(-8), 16) / 2 ** 32) * total
  for (const choice of choices) {
    left -= choice.traffic
    if (left < 0) return choice
  }
  const last = choices.at(-1)
  if (!last) throw new RangeError('nothing to choose from')
  return last
}
