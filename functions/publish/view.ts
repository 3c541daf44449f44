import * as z from 'zod'
import type { VersionRow } from './queries.ts'
import { publishedOf } from './release.ts'

const Version = z.object({
  version: z.int(),
  run: z.string(),
  state: z.enum(['candidate', 'published', 'rejected', 'retired']),
  metrics: z.record(z.string(), z.number()),
  /** Percent. */
  traffic: z.number(),
  /** Of the package: `sha256:` and hex; null where the model could not be packed. */
  digest: z.string().nullable(),
  reason: z.string().optional(),
  at: z.iso.datetime(),
})

/** A model as callers see it; `published` is the number of its published version, `endpoint` the name that it is reached by in the place of `infer`. */
export const Model = z.object({
  name: z.string(),
  published: z.int().nullable(),
  endpoint: z.string().optional(),
  versions: z.array(Version),
})

export const Models = z.object({ items: z.array(Model), next: z.string().optional() })

export function shown(name: string, versions: readonly VersionRow[], endpoint: string | null): z.infer<typeof Model> {
  return {
    name,
    published: publishedOf(versions)?.version ?? null,
    ...(endpoint === null ? {} : { endpoint }),
    versions: versions.map(({ version, run, state, metrics, traffic, package: stored, reason, at }) => ({
      version,
      run,
      state,
      metrics,
      traffic,
      digest: stored && `sha256:${stored.sha256}`,
      ...(reason === null ? {} : { reason }),
      at: at.toISOString(),
    })),
  }
}
