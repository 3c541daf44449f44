import { isPlainStep } from '../object-name.ts'
import type { Objects } from '../ports.ts'
import type { S3 } from './s3-client.ts'
import { nullIfMissing } from './s3-errors.ts'
import { FAR, keyAfter, keyOf, keyStart, nameOf } from './s3-keys.ts'

/** S3's own limit. */
const PAGE = 1000

interface Found {
  readonly name: string
  readonly bytes: number
}

interface Entry {
  readonly key: string
  readonly bytes: number
}

/** Lists a store: keys sort as names do, and the few objects whose keys do not say their names are sorted in. */
export function s3List(s3: S3): Objects['list'] {
  const farNames = new Map<string, string>()

  return async (prefix, { after = '', limit = Number.POSITIVE_INFINITY } = {}) => {
    const steps = prefix.split('/')
    const last = steps.pop() ?? ''
    const mayBegin = prefix.isWellFormed() && steps.every(isPlainStep) && (last === '' || isPlainStep(`x${last}`))
    if (limit < 1 || !mayBegin) return []
    // MinIO refuses dots as a step, also where more would follow.
    const asked = ['.', '..'].includes(last.trim()) ? prefix.slice(0, -last.length) : prefix
    const isWanted = (found: Found) => found.name.startsWith(prefix) && isAfter(found.name, after)

    const [near, far] = await Promise.all([nearby(), listFar(s3, farNames)])
    const farWanted = far.filter(isWanted)
    if (farWanted.length === 0) return near
    return [...near, ...farWanted].sort((a, b) => compare(a.name, b.name)).slice(0, limit)

    async function nearby(): Promise<Found[]> {
      const found: Found[] = []
      for await (const { key, bytes } of keys(s3, keyStart(s3.prefix, asked), keyAfter(s3.prefix, after), limit)) {
        const name = nameOf(s3.prefix, key)
        if (name !== null && isWanted({ name, bytes })) found.push({ name, bytes })
        if (found.length >= limit) break
      }
      return found
    }
  }
}

/** Keys that begin so and come after that one, in the order of their bytes. */
async function* keys(s3: S3, start: string, after: string, most: number): AsyncGenerator<Entry> {
  // MinIO finds nothing after a key that does not begin so.
  if (!after.startsWith(start) && compare(after, start) > 0) return
  let from = after.startsWith(start) ? after : undefined
  for (;;) {
    const asked = {
      Bucket: s3.bucket,
      Prefix: start,
      MaxKeys: Math.min(PAGE, Math.ceil(most)),
      // XML cannot hold every character of a name; a server may not know this, and says in which way it answers.
      EncodingType: 'url',
      ...(from === undefined ? {} : { StartAfter: from }),
    } as const
    const page = await s3.call(({ client, sdk, options }) => client.send(new sdk.ListObjectsV2Command(asked), options))
    const decoded = page.EncodingType === 'url' ? decodeURIComponent : (key: string) => key
    const entries = (page.Contents ?? []).map(({ Key = '', Size = 0 }) => ({ key: decoded(Key), bytes: Size }))
    yield* entries
    from = entries.at(-1)?.key
    if (!page.IsTruncated || from === undefined) return
  }
}

async function listFar(s3: S3, known: Map<string, string>): Promise<Found[]> {
  const found: Found[] = []
  const seen = new Set<string>()
  for await (const { key, bytes } of keys(s3, s3.prefix + FAR, '', PAGE)) {
    const name = known.get(key) ?? (await farName(s3, key))
    if (name === null) continue
    known.set(key, name)
    seen.add(key)
    found.push({ name, bytes })
  }
  for (const key of known.keys()) if (!seen.has(key)) known.delete(key)
  return found
}

async function farName(s3: S3, key: string): Promise<string | null> {
  const found = await s3
    .call(({ client, sdk, options }) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: s3.bucket, Key: key }), options),
    )
    .catch(nullIfMissing)
  const name = Buffer.from(found?.Metadata?.['name'] ?? '', 'base64url').toString()
  return keyOf(s3.prefix, name) === key ? name : null
}

function isAfter(name: string, after: string): boolean {
  return after === '' || compare(name, after) > 0
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
