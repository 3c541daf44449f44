import { hash } from 'node:crypto'

/** What is known of tokens, by their digest, so that none lies in memory for longer than its request. */
export interface DigestCache<value> {
  get(token: string): value | undefined
  /** `until` in milliseconds of the clock. */
  set(token: string, value: value, until: number): void
}

/** Keeps at most so many; the oldest go first. */
export function createDigestCache<value>(now: () => number, most = 1000): DigestCache<value> {
  const known = new Map<string, { readonly value: value; readonly until: number }>()
  return {
    get(token) {
      const digest = hash('sha256', token)
      const found = known.get(digest)
      if (found && found.until > now()) return found.value
      known.delete(digest)
      return undefined
    },
    set(token, value, until) {
      const [oldest] = known.keys()
      if (oldest !== undefined && known.size >= most) known.delete(oldest)
      known.set(hash('sha256', token), { value, until })
    },
  }
}
