import type { Expiry } from '../../runtime/expiry.ts'
import { BLOBS } from '../../runtime/object-name.ts'
import type { Objects } from '../../runtime/ports.ts'

export interface SweepOptions {
  readonly objects: Pick<Objects, 'list' | 'sweep'>
  readonly expiry: Pick<Expiry, 'unkept' | 'guarded'>
}

const PAGE = 1000

/** Removes the blobs that nobody keeps and that were last put before; answers how many. */
export async function sweepBlobs(
  { objects, expiry }: SweepOptions,
  before: Date,
  signal: AbortSignal,
): Promise<number> {
  let swept = 0
  for (let after = ''; ; ) {
    const page = await objects.list(BLOBS, { after, limit: PAGE })
    const digests = page.map(({ name }) => name.slice(BLOBS.length))
    for (const sha256 of await expiry.unkept(digests)) {
      signal.throwIfAborted()
      const isGone = await expiry.guarded(sha256, (isKept) => objects.sweep(sha256, { before, isKept }))
      if (isGone) swept++
    }
    if (page.length < PAGE) return swept
    after = page.at(-1)?.name ?? after
  }
}
