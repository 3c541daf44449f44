import * as z from 'zod'

const Problem = z.object({
  detail: z.string(),
  errors: z.array(z.object({ pointer: z.string(), reason: z.string() })).optional(),
  trace: z.string().optional(),
  status: z.number(),
})

/** An RFC 9457 problem for people: what is wrong, then each place with its reason; `otherwise` where the text is none. */
export function problemText(text: string, otherwise: string): string {
  const parsed = Problem.safeParse(json(text))
  if (!parsed.success) return otherwise
  const { detail, errors = [], trace, status } = parsed.data
  // Only a bug needs the log to be understood.
  const more = status === 500 && trace ? [`  trace ${trace}: mezz logs tells more`] : []
  return [detail, ...errors.map(({ pointer, reason }) => `  ${pointer || 'the whole'}: ${reason}`), ...more].join('\n')
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
