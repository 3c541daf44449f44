import type { Code } from './errors.ts'
import { statusOf, titleOf } from './errors.ts'

/** What any request may be answered: by identity, by the time limit, by a system that is away, by a fault of the platform. */
const ANY: readonly Code[] = ['unauthenticated', 'forbidden', 'internal', 'unavailable', 'timeout']

const RETRY_AFTER = {
  description: 'Seconds after which asking again may help',
  schema: { type: 'integer', minimum: 0 },
} as const

/** Codes that may come with `Retry-After`. */
const PASSING: readonly Code[] = ['in_progress', 'too_many_requests', 'unavailable']

/** OpenAPI's responses for these codes and those of any request, by status; each names the codes that it may carry. */
export function problemResponses(codes: readonly Code[]): Record<string, unknown> {
  const byStatus = Map.groupBy(new Set([...ANY, ...codes]), statusOf)
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: [...new Set(same.map(titleOf))].join(),
        ...(same.some((code) => PASSING.includes(code)) ? { headers: { 'Retry-After': RETRY_AFTER } } : {}),
        content: {
          'application/problem+json': {
            schema: {
              allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code: { enum: same.toSorted() } } }],
            },
          },
        },
      },
    ]),
  )
}
