/** Things by time, the earliest first; of one time, the first in first. */
export interface Heap<item> {
  readonly size: number
  /** The earliest time; Infinity when empty. */
  readonly next: number
  push(at: number, item: item): void
  pop(): item | undefined
}

interface Node<item> {
  readonly at: number
  readonly turn: number
  readonly item: item
}

/** An empty heap; each step O(log n). */
export function createHeap<item>(): Heap<item> {
  const nodes: Node<item>[] = []
  let turns = 0

  function sink(node: Node<item>): void {
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      let least = nodes[child]
      const right = nodes[child + 1]
      if (least && right && isBefore(right, least)) {
        child++
        least = right
      }
      if (!least || isBefore(node, least)) break
      nodes[at] = least
      at = child
    }
    nodes[at] = node
  }

  return {
    get size() {
      return nodes.length
    },
    get next() {
      return nodes[0]?.at ?? Number.POSITIVE_INFINITY
    },
    push(time, item) {
      const node = { at: time, turn: turns++, item }
      let at = nodes.length
      while (at > 0) {
        const up = (at - 1) >> 1
        const above = nodes[up]
        if (!above || isBefore(above, node)) break
        nodes[at] = above
        at = up
      }
      nodes[at] = node
    },
    pop() {
      const first = nodes[0]
      const last = nodes.pop()
      if (last && last !== first) sink(last)
      return first?.item
    },
  }
}

function isBefore<item>(a: Node<item>, b: Node<item>): boolean {
  return a.at < b.at || (a.at === b.at && a.turn < b.turn)
}
