import { text as wholeText } from 'node:stream/consumers'
import * as z from 'zod'
import { askJson } from './ask.ts'
import type { Command } from './command.ts'
import { text, UsageError, words } from './command.ts'
import { findPlatform, PLATFORM_HELP, PLATFORM_OPTIONS } from './find-platform.ts'
import { givenBody } from './given-body.ts'

const Stored = z.object({ id: z.string() })

export const send: Command = {
  name: 'send',
  usage: '<type> -d JSON|@FILE|@- [--key KEY]',
  summary: 'sends an event of your own to the platform',
  help: `
Stores a CloudEvent, which the triggers on its type then deliver, and prints its id. The type must be
one that a trigger takes; types that begin with mezz. are told by the platform alone.

  mezz send acme.order.placed.v1 -d '{"order": "17"}'

  -d, --body   its data
  --key        events of one key arrive in order; without it, the type's own key of the data
${PLATFORM_HELP}`,
  options: { body: { type: 'string', short: 'd' }, key: { type: 'string' }, ...PLATFORM_OPTIONS },

  async run({ values, positionals }) {
    words(positionals, { needed: ['type'] })
    const [type = ''] = positionals
    const given = text(values['body'])
    if (given === undefined) throw new UsageError('-d JSON is missing: the data of the event')
    const { body } = await givenBody(given)
    const data = parsed(typeof body === 'string' ? body : await wholeText(body))
    const key = text(values['key'])
    const url = await findPlatform(values)
    const { id } = await askJson(new URL(`${url}/_mezz/events`), Stored, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({ specversion: '1.0', type, data, ...(key === undefined ? {} : { partitionkey: key }) }),
    })
    process.stdout.write(`${id}\n`)
    process.stderr.write(`stored; see what becomes of it: mezz flows ${id} --watch\n`)
    return 0
  },
}

function parsed(said: string): unknown {
  try {
    return JSON.parse(said)
  } catch (error) {
    throw new UsageError(`the data is not JSON: ${error instanceof Error ? error.message : error}`)
  }
}
