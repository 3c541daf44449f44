/** First in, first out, each step O(1) on the whole. */
export interface Queue<item> {
  readonly size: number
  push(item: item): void
  shift(): item | undefined
}

/** An empty queue. */
export function createQueue<item>(): Queue<item> {
  let items: (item | undefined)[] = []
  let head = 0
  return {
    get size() {
      return items.length - head
    },
    push(item) {
      items.push(item)
    },
    shift() {
      if (head === items.length) return undefined
      const item = items[head]
      items[head++] = undefined
      if (head > 64 && head * 2 > items.length) {
        items = items.slice(head)
        head = 0
      }
      return item
    },
  }
}
