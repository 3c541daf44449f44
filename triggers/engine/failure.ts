import * as z from 'zod'
import type { Envelope } from '../../runtime/event.ts'
import { storable } from '../../runtime/storable.ts'

const TELLS_OF_FAILURE = /\.(failed|rejected)\.v\d+$/
const Told = z.object({ error: z.string().optional(), reason: z.string().optional() })

/** Why, where an event itself tells that something failed. */
export function failureOf({ type, data }: Pick<Envelope, 'type' | 'data'>): string | undefined {
  if (!TELLS_OF_FAILURE.test(type)) return undefined
  const told = Told.safeParse(JSON.parse(data))
  return storable((told.success && (told.data.error ?? told.data.reason)) || type)
}
