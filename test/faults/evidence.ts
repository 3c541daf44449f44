import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import type { Line } from './ledger.ts'
import { Line as LineSchema, readLines } from './ledger.ts'
import { files } from './process/settings.ts'
import type { World } from './world.ts'

const Invocation = z.object({ route: z.string(), source: z.string(), id: z.string() })

export interface Effect {
  readonly n: number
  readonly route: string
  readonly source: string
  readonly id: string
  readonly key: string
  readonly number: number
  readonly sha256: string
  readonly object: { readonly name: string } | null
}

export interface Logged {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly value: string
}

export interface Dead {
  readonly trigger: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly attempts: number
  readonly record: { readonly key: string; readonly headers: Readonly<Record<string, string>>; readonly value: string }
  readonly error: { readonly code: string; readonly status: number | null; readonly message: string }
}

export interface Version {
  readonly model: string
  readonly version: number
  readonly run: string
  readonly traffic: number
  /** What the version's package is named by, and what its bytes are: `null` where there are none. */
  readonly package: string | null
  readonly bytes: string | null
}

/** All that was written down, by the generator, by the sinks and by the platform, when nothing moves any more. */
export interface Evidence {
  readonly sent: readonly Line[]
  readonly invocations: readonly z.infer<typeof Invocation>[]
  readonly effects: readonly Effect[]
  /** (path, source, id) that `publish` has taken in. */
  readonly published: readonly { readonly path: string; readonly source: string; readonly id: string }[]
  readonly things: readonly { readonly key: string; readonly number: number }[]
  readonly log: readonly Logged[]
  readonly dead: readonly Dead[]
  readonly epochs: readonly { readonly trigger: string; readonly partition: number; readonly epoch: number }[]
  readonly jobs: readonly {
    readonly id: string
    readonly state: string
    readonly key: string
    readonly number: number
  }[]
  readonly runs: readonly { readonly run: string; readonly model: string }[]
  readonly versions: readonly Version[]
  /** Model to what its alias says, as JSON. */
  readonly aliases: ReadonlyMap<string, unknown>
  /** Objects that an effect names and that are not there. */
  readonly missing: readonly string[]
  /** Flow steps that are not at an end. */
  readonly open: readonly string[]
}

/** Reads it all. */
export async function collect({ database, data }: Pick<World, 'database' | 'data'>): Promise<Evidence> {
  const { sent, invocations } = files(data)
  const { query } = database
  const effects = await query<Effect>`
    select * from tally.effects union all select n, route, source, id, key, number, sha256, object from poison.effects order by n`
  const versions = await query<Omit<Version, 'package' | 'bytes'> & { package: { name: string; sha256: string } }>`
    select model, version, run, traffic, package from publish.versions order by model, version`
  const objects = folderObjects(join(data, 'objects'))
  const bytesOf = async (name: string): Promise<Buffer | null> => {
    const found = await objects.read(name)
    if (!found) return null
    const parts: Uint8Array[] = []
    for await (const part of found.body) parts.push(part)
    return Buffer.concat(parts)
  }
  const missing: string[] = []
  for (const { object } of effects) if (object && !(await objects.read(object.name))) missing.push(object.name)
  const aliases = new Map<string, unknown>()
  for (const model of new Set(versions.map((one) => one.model))) {
    const text = await bytesOf(`models/${model}/current`)
    aliases.set(model, text && JSON.parse(text.toString()))
  }
  return {
    sent: readLines(sent, LineSchema),
    invocations: readLines(invocations, Invocation),
    effects,
    published: await query`select path, source, id from publish.inbox`,
    things: await query`select key, number from tally.things`,
    log: await query<Logged>`select topic, partition, "offset", key, headers, value from mezz.log order by topic, partition, "offset"`,
    dead: await query<Dead>`select trigger, topic, partition, "offset", attempts, record, error from mezz.dead_letters`,
    epochs: await query`select trigger, partition, epoch from mezz.positions`,
    jobs: await query`
      select id::text, state, request->'environment'->>'KEY' as key, (request->'environment'->>'N')::bigint as number from mezz.jobs`,
    runs: await query`select run, model from publish.runs`,
    versions: await Promise.all(
      versions.map(async ({ package: { name, sha256 }, ...rest }) => {
        const bytes = await bytesOf(name)
        return { ...rest, package: sha256, bytes: bytes && createHash('sha256').update(bytes).digest('hex') }
      }),
    ),
    aliases,
    missing,
    open: (
      await query<{ step: string }>`
        select step || ' ' || state || ' ' || event as step from mezz.flow_steps where state in ('running', 'waiting')`
    ).map(({ step }) => step),
  }
}

/** The end of what the platform printed. */
export function lastWords(data: string): string {
  try {
    return readFileSync(files(data).platformLog, 'utf8').split('\n').slice(-12).join('\n')
  } catch {
    return ''
  }
}
