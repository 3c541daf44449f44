import * as z from 'zod'
import { PlatformError } from '../../runtime/errors.ts'

/** The last file of a backup: without it, the backup was cut. */
export const MANIFEST = 'manifest.json'
/** Raised when a release cannot restore what an older one backed up. */
export const BACKUP_FORMAT = 1

const Format = z.looseObject({ format: z.int(), mezz: z.string() })
const Manifest = z.object({
  format: z.literal(BACKUP_FORMAT),
  /** The version that made it. */
  mezz: z.string(),
  /** Its major version. */
  postgres: z.string(),
  /** Of the data folder. */
  dataFormat: z.int(),
  /** ISO 8601, when it was begun. */
  at: z.iso.datetime(),
  /** Paths relative to the data folder; sha256 in hex. */
  files: z.array(z.object({ path: z.string(), bytes: z.int().nonnegative(), sha256: z.string() })),
})
export type Manifest = z.infer<typeof Manifest>

/** What a backup says of itself; `unprocessable` where it is damaged, `conflict` where another release made it. */
export function parseManifest(backup: string, text: string): Manifest {
  const head = Format.safeParse(json(text))
  if (head.success && head.data.format !== BACKUP_FORMAT) {
    throw new PlatformError(
      'conflict',
      `${backup} was made by mezz ${head.data.mezz} in format ${head.data.format}; this mezz restores format ${BACKUP_FORMAT}: use that version for it`,
    )
  }
  const parsed = Manifest.safeParse(json(text))
  if (parsed.success) return parsed.data
  throw new PlatformError('unprocessable', `${backup} is damaged: its ${MANIFEST} cannot be read`)
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
