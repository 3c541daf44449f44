import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import type { Random } from '../simulation/random.ts'
import type { Ledger, Line } from './ledger.ts'
import type { Thing } from './toys/events.ts'

/** What the generator is to send, and how. */
export interface Traffic {
  readonly seed: number
  readonly events: number
  readonly keys: number
  /** Ways in which things go, of which chance takes one each. */
  readonly does: readonly [Does, ...Does[]]
  /** The share of events that go by `/_mezz/events`, and of those the share that is sent once more. */
  readonly outside: number
  readonly again: number
  /** Poison, one of each key of its own. */
  readonly poison: readonly Does[]
}

type Does = z.infer<typeof Thing>['does']
type Sent = z.infer<typeof Thing> & {
  readonly topic: 'sent' | 'poured'
  readonly outside: boolean
  readonly again: boolean
}

/** What was seen of answers that should not be. */
export interface Traffics {
  readonly odd: readonly string[]
  /** Requests that got no answer, each by the name of its try. */
  readonly cut: ReadonlyMap<string, string>
}

const Answer = z.object({ id: z.string() })
const Problem = z.object({ code: z.string() })
/** Header that names a try. */
export const TRY = 'x-try'
const AGAIN = 40
const PATIENCE = 10_000

/** Sends things, those of a key one after the other, each until it is acknowledged; resolves when all are. */
export async function generate(
  url: string,
  traffic: Traffic,
  { ledger, random, signal }: { readonly ledger: Ledger; readonly random: Random; readonly signal: AbortSignal },
): Promise<Traffics> {
  const odd: string[] = []
  const cut = new Map<string, string>()
  const lanes = Map.groupBy(thingsOf(traffic, random), ({ key }) => key)
  await Promise.all(
    [...lanes.values()].map(async (things) => {
      for (const thing of things) {
        await send(thing)
        if (thing.again) await send(thing)
      }
    }),
  )
  return { odd, cut }

  async function send(thing: Sent): Promise<void> {
    const { topic, outside: _, again: __, text, ...rest } = thing
    const line: Omit<Line, 'say'> = { ...rest, seed: traffic.seed, topic, sha256: digest(text), id: null }
    ledger.write({ say: 'sending', ...line })
    while (!signal.aborted) {
      const id = await attempt(thing)
      if (id === undefined) {
        await wait(AGAIN)
        continue
      }
      ledger.write({ say: 'acknowledged', ...line, id })
      return
    }
  }

  /** The event's id, `null` where it took effect and that is all that is known, `undefined` where it is to be sent again. */
  async function attempt(thing: Sent): Promise<string | null | undefined> {
    const name = randomUUID()
    const response = await ask(url, name, thing).catch((error: unknown) => {
      const cause = error instanceof Error ? `${error.message}: ${error.cause}` : String(error)
      cut.set(name, `${thing.key} ${thing.n}: ${cause}`)
    })
    if (!response) return undefined
    const text = await response.text().catch(() => '')
    if (response.ok) return text === '' ? undefined : Answer.parse(JSON.parse(text)).id
    const code = codeOf(text)
    if (code === 'outcome_unknown') return null
    const isPassing = code === 'in_progress' || response.status === 429 || response.status >= 500
    if (!isPassing) odd.push(`${thing.key} ${thing.n} was answered ${response.status} ${text}`)
    if (response.status === 429 && response.headers.get('retry-after') === null)
      odd.push(`429 without Retry-After: ${text}`)
    return undefined
  }
}

function thingsOf({ seed, events, keys, does, outside, again, poison }: Traffic, random: Random): Sent[] {
  const numbers = new Map<string, number>()
  const next = (key: string): number => {
    const n = numbers.get(key) ?? 0
    numbers.set(key, n + 1)
    return n
  }
  const text = (): string => random.next().toString(36).repeat(random.between(1, 40))
  const well = Array.from({ length: events }, (_, at): Sent => {
    const key = `s${seed}-${at % keys}`
    const isOutside = random.chance(outside)
    const isAgain = isOutside && random.chance(again)
    return {
      key,
      n: next(key),
      does: random.pick(does),
      text: text(),
      topic: 'sent',
      outside: isOutside,
      again: isAgain,
    }
  })
  const bad = poison.flatMap((one): Sent[] => {
    const key = `s${seed}-${one}`
    const pour = { text: text(), topic: 'poured', outside: true, again: false } as const
    return [
      { ...pour, key, n: next(key), does: one },
      { ...pour, key, n: next(key), does: 'well' },
      { ...pour, key: `${key}-beside`, n: 0, does: 'well' },
    ]
  })
  return [...well, ...bad]
}

function ask(url: string, attempt: string, { topic, outside, again: _, ...thing }: Sent): Promise<Response> {
  const body = JSON.stringify(thing)
  const name = `${thing.key}-${thing.n}`
  const signal = AbortSignal.timeout(PATIENCE)
  // A connection of its own each: what is cut then is this request, and not one that came too late for a connection.
  const headers = { 'content-type': 'application/json', connection: 'close', [TRY]: attempt }
  if (!outside) {
    return fetch(`${url}/toys/tally/things`, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': name },
      body,
      signal,
    })
  }
  const event = { 'ce-specversion': '1.0', 'ce-type': `toy.${topic}.v1`, 'ce-id': name }
  return fetch(`${url}/_mezz/events`, { method: 'POST', headers: { ...headers, ...event }, body, signal })
}

function codeOf(text: string): string {
  try {
    return Problem.parse(JSON.parse(text)).code
  } catch {
    return ''
  }
}

/** Hex. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
