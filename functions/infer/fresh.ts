import type { Objects } from 'mezz/ports'
import type * as z from 'zod'
import { readBytes } from './read-bytes.ts'

export interface FreshOptions {
  /** Milliseconds that a content may be old. */
  readonly age?: number
  /** Objects remembered at most. */
  readonly most?: number
  /** Milliseconds. */
  now?(): number
}

/** Reads small JSON objects that may change: not again within `age`, and once for all who ask meanwhile; `null` where there is none. */
export function freshJson<data>(
  objects: Objects,
  schema: z.ZodType<data>,
  { age = 1000, most = 1000, now = () => performance.now() }: FreshOptions = {},
): (name: string) => Promise<data | null> {
  const known = new Map<string, { readonly content: Promise<data | null>; readonly at: number }>()

  async function read(name: string): Promise<data | null> {
    const bytes = await readBytes(objects, name)
    return bytes && schema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  }

  return async (name) => {
    const found = known.get(name)
    if (found && now() - found.at < age) return found.content
    const entry = { content: read(name), at: now() }
    known.delete(name)
    known.set(name, entry)
    for (const oldest of known.keys()) {
      if (known.size <= most) break
      known.delete(oldest)
    }
    // What is not there, or could not be read, is asked for again.
    const content = await entry.content.catch((error: unknown) => {
      if (known.get(name) === entry) known.delete(name)
      throw error
    })
    if (content === null && known.get(name) === entry) known.delete(name)
    return content
  }
}
