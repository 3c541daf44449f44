import * as z from 'zod'

const Problem = z.object({
  detail: z.string(),
  errors: z.array(z.object({ pointer: z.string(), reason: z.string() })).optional(),
})

/** An answer that was not what the demo needs, in the platform's own words. */
export class Refused extends Error {}

/** Asks the platform for JSON; throws what a problem document says. */
export async function ask<schema extends z.ZodType>(
  url: string,
  schema: schema,
  init: RequestInit = {},
): Promise<{ readonly data: z.output<schema>; readonly headers: Headers }> {
  const response = await fetch(url, { ...init, ...(init.body instanceof ReadableStream ? { duplex: 'half' } : {}) })
  const body: unknown = await response.json()
  if (!response.ok) {
    const problem = Problem.safeParse(body)
    const faults = problem.data?.errors?.map(({ pointer, reason }) => `\n  ${pointer}: ${reason}`).join('') ?? ''
    throw new Refused(
      `${init.method ?? 'GET'} ${new URL(url).pathname}: ${problem.data?.detail ?? response.status}${faults}`,
    )
  }
  return { data: schema.parse(body), headers: response.headers }
}

/** The same with a JSON body. */
export function send<schema extends z.ZodType>(method: string, url: string, schema: schema, body: unknown) {
  return ask(url, schema, { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })
}
