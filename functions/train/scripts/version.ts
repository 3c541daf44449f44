import type { ObjectRef } from 'mezz/ports'
import * as z from 'zod'

export const File = z.object({ path: z.string(), bytes: z.int() })

/** A version of a script as callers see it; its digest is that of its files in a plain tar. */
export const Script = z.object({
  name: z.string(),
  version: z.int(),
  entry: z.string(),
  files: z.array(File),
  digest: z.string(),
  at: z.iso.datetime(),
})

export const Scripts = z.object({ items: z.array(Script), next: z.string().optional() })

export interface ScriptRow {
  readonly name: string
  readonly version: number
  readonly entry: string
  readonly files: readonly z.infer<typeof File>[]
  readonly object: ObjectRef
  readonly at: Date
}

export function shownScript({ name, version, entry, files, object, at }: ScriptRow): z.infer<typeof Script> {
  return { name, version, entry, files: [...files], digest: `sha256:${object.sha256}`, at: at.toISOString() }
}
