import type { ObjectRef } from 'mezz/ports'
import { Name } from 'mezz/validate'
import * as z from 'zod'

/** What git may be asked by: no helper program, no option in a URL's clothes, no password that a lineage would show. */
const GitUrl = z
  .string()
  .max(2000)
  .regex(/^(https?|ssh|file):\/\/[^\s\p{Cc}]+$/u, 'must be an https, http, ssh or file URL')
  .refine((url) => URL.canParse(url) && new URL(url).password === '', {
    message: 'must hold no password: give it to git by a credential helper',
  })
const Ref = z
  .string()
  .max(250)
  .regex(/^(?!.*(\.\.|\/\/|@\{))[\w][\w./+-]*$/, 'must be a branch, a tag or HEAD')
const Path = z
  .string()
  .max(1000)
  .regex(/^(?!.*(^|\/)\.{0,2}(\/|$))[^\\\p{Cc}]+\.(py|ts|mjs|cjs|js)$/u, 'must be a .py, .js, .mjs or .ts file in it')

export const GitTrainer = z.strictObject({ git: GitUrl, ref: Ref.default('HEAD'), path: Path })
export type GitTrainer = z.infer<typeof GitTrainer>

/** Who trains: our own trees, a script that was put, or one of a repository. */
export const Trainer = z.union([z.literal('gbdt'), z.strictObject({ script: Name }), GitTrainer], {
  error: 'must be "gbdt", {"script": name} or {"git": url, "ref": branch, "path": file}',
})
export type Trainer = z.infer<typeof Trainer>

/** A script to the byte: a version of one that was put, or a commit. */
export type ScriptSource =
  | {
      readonly kind: 'script'
      readonly name: string
      readonly version: number
      readonly entry: string
      readonly object: ObjectRef
    }
  | {
      readonly kind: 'git'
      readonly git: string
      readonly ref: string
      readonly entry: string
      readonly commit: string
    }

/** What trains a run: a trainer with its version. */
export type Source = { readonly kind: 'gbdt' } | ScriptSource
