import * as z from 'zod'
import type { Sql } from './ports.ts'

/** `?dry=true` of a DELETE: says what hangs on the thing, and does nothing. */
export const Dry = z.object({ dry: z.stringbool().default(false) })

/** What hangs on a thing that may be deleted; `goes` with it, or stays. */
export const Hanging = z.object({
  name: z.string(),
  hangs: z.array(z.object({ kind: z.string(), name: z.string(), version: z.string().optional(), goes: z.boolean() })),
})

export type Hanging = z.infer<typeof Hanging>

/** What came of a thing of this kind, the oldest first; those of the kinds in `goes` are deleted with it. */
export async function hangingOn(
  sql: Pick<Sql, 'madeFrom'>,
  { kind, name, goes = [] }: { readonly kind: string; readonly name: string; readonly goes?: readonly string[] },
): Promise<Hanging> {
  const made = await sql.madeFrom(`${kind}/${name}`)
  const hangs = made.map((one) => ({
    kind: one.kind,
    name: one.name,
    ...(one.version === null ? {} : { version: one.version }),
    goes: goes.includes(one.kind),
  }))
  return { name, hangs }
}
