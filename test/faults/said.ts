import * as z from 'zod'

const Numbered = z.object({ key: z.string(), n: z.number() })

/** The event's id. */
export function idOf({ headers }: { readonly headers: Readonly<Record<string, string>> }): string {
  return headers['ce_id'] ?? ''
}

/** What the generator calls it. */
export function numberOf({ value }: { readonly value: string }): string {
  const { key, n } = Numbered.parse(JSON.parse(value))
  return `${key} ${n}`
}
