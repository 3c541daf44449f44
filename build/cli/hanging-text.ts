import type { Hanging } from '../../runtime/hanging.ts'

/** Names of one line at most; the rest are counted. */
const MOST_NAMES = 8

/** What hangs on a thing, a line a kind: first what goes with it, then what stays. */
export function hangingText(hangs: Hanging['hangs']): string {
  const lines = [true, false].flatMap((goes) => {
    const kinds = Map.groupBy(
      hangs.filter((one) => one.goes === goes),
      ({ kind }) => kind,
    )
    return [...kinds].map(([kind, all]) => `${goes ? 'goes' : 'stays'}  ${all.length} ${kind}: ${names(all)}\n`)
  })
  return lines.join('') || 'nothing hangs on it\n'
}

function names(all: Hanging['hangs']): string {
  const texts = all.map(({ name, version }) => (version === undefined ? name : `${name}@${version}`))
  const rest = texts.length - MOST_NAMES
  return [...texts.slice(0, MOST_NAMES), ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ')
}
