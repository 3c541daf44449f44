import type { Range } from '../../../runtime/ledger.ts'

/** Which offsets are passed: all below `position`, and `ranges` (sorted, apart from each other) above it. */
export interface Passed {
  readonly position: number
  has(offset: number): boolean
  /** Passes `from` up to, not including, `to`; some of them may be passed already. */
  add(from: number, to: number): void
  ranges(): Range[]
}

/** Starts from what was stored. */
export function createPassed(start: { readonly position: number; readonly ranges: readonly Range[] }): Passed {
  let position = start.position
  const froms: number[] = []
  const tos: number[] = []

  /** The first range that ends at or after the offset. */
  function find(offset: number): number {
    let low = 0
    let high = tos.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((tos[middle] ?? 0) < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  function add(from: number, to: number): void {
    if (to <= position || to <= from) return
    const first = find(from)
    let end = first
    while (end < froms.length && (froms[end] ?? 0) <= to) end++
    const joined = end > first
    const low = joined ? Math.min(from, froms[first] ?? from) : from
    const high = joined ? Math.max(to, tos[end - 1] ?? to) : to
    if (low <= position) {
      position = high
      froms.splice(0, end)
      tos.splice(0, end)
    } else {
      froms.splice(first, end - first, low)
      tos.splice(first, end - first, high)
    }
  }

  for (const [from, to] of start.ranges) add(from, to)

  return {
    get position() {
      return position
    },
    has(offset) {
      if (offset < position) return true
      const at = find(offset + 1)
      return at < froms.length && (froms[at] ?? 0) <= offset
    },
    add,
    ranges: () => froms.map((from, at) => [from, tos[at] ?? from]),
  }
}
