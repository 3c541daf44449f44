import { once } from 'node:events'
import { text as wholeText } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { readEnvironment } from '../../runtime/env.ts'
import type { Answer } from './ask.ts'
import { ask } from './ask.ts'
import type { Command } from './command.ts'
import { text, UsageError, words } from './command.ts'
import { findPlatform, PLATFORM_HELP, PLATFORM_OPTIONS } from './find-platform.ts'
import { givenBody } from './given-body.ts'
import { problemText } from './problem-text.ts'

export const invoke: Command = {
  name: 'invoke',
  usage: "<function> [path] [-X METHOD] [-d DATA|@FILE|@-] [-H 'Name: value']…",
  summary: 'sends a function a request and prints the answer',
  help: `
Prints the answer's body; its status, the process that gave it and a cold start go to stderr.
Exits with 1 when the status is 400 or more.

  mezz invoke ingest /datasets
  mezz invoke ingest '/datasets?name=iris' -d @iris.csv
  mezz invoke infer /models/iris/predict -d '{"rows": [{"petal length": 1.4}]}'

  -X, --method the HTTP method (GET; POST with -d)
  -d, --body   the body: as it stands, @FILE, or @- for standard input; files are streamed
  -H, --header a header; its Content-Type wins over the one that follows from the body or the file's name
${PLATFORM_HELP}`,
  options: {
    method: { type: 'string', short: 'X' },
    body: { type: 'string', short: 'd' },
    header: { type: 'string', short: 'H', multiple: true },
    ...PLATFORM_OPTIONS,
  },

  async run({ values, positionals }) {
    words(positionals, { needed: ['function'], more: 1 })
    const [name = '', path = '/'] = positionals
    const body = text(values['body'])
    const given = body === undefined ? undefined : await givenBody(body)
    const said = values['header']
    const url = await findPlatform(values)
    const begun = performance.now()
    const answer = await ask(
      new URL(`${url}/${readEnvironment().MEZZ_TEAM}/${name}${path.startsWith('/') ? '' : '/'}${path}`),
      {
        method: (text(values['method']) ?? (given ? 'POST' : 'GET')).toUpperCase(),
        headers: {
          ...(given ? { 'content-type': given.type } : {}),
          ...(given?.bytes === undefined ? {} : { 'content-length': String(given.bytes) }),
          ...headersOf(Array.isArray(said) ? said : []),
        },
        ...(given ? { body: given.body } : {}),
      },
    )
    process.stderr.write(`${statusLine(answer, performance.now() - begun)}\n`)
    await print(answer)
    return answer.status >= 400 ? 1 : 0
  },
}

/** `Name: value` lines by lower-case name. */
export function headersOf(lines: readonly unknown[]): Record<string, string> {
  const pairs = lines.map((line) => {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/.exec(String(line)) ?? []
    if (!name || value === undefined) throw new UsageError(`${line} is no header: write 'Name: value'`)
    return [name.toLowerCase(), value]
  })
  return Object.fromEntries(pairs)
}

function statusLine({ status, statusText, headers }: Answer, ms: number): string {
  const { 'x-mezz-process': server, 'x-mezz-cold-start': cold, location } = headers
  return [
    `${status} ${statusText}`,
    `${Math.round(ms)} ms`,
    ...(server ? [`by ${server}${cold ? ` (cold start ${cold} ms)` : ''}`] : []),
    ...(location ? [`at ${location}`] : []),
  ].join(', ')
}

/** For people JSON is laid out; for a pipe every byte stays as it came, and what is wrong is said on stderr in words as well. */
async function print({ status, statusText, headers, body }: Answer): Promise<void> {
  const isJson = /[/+]json(;|$)/.test(headers['content-type'] ?? '')
  const people = process.stdout.isTTY
  if (status >= 400 && isJson) {
    const said = await wholeText(body)
    if (!people) process.stderr.write(`${problemText(said, statusText)}\n`)
    return write(people ? laidOut(said) : said)
  }
  if (people && isJson) return write(laidOut(await wholeText(body)))
  await pipeline(body, process.stdout, { end: false })
}

function laidOut(said: string): string {
  try {
    return `${JSON.stringify(JSON.parse(said), null, 2)}\n`
  } catch {
    return said
  }
}

async function write(said: string): Promise<void> {
  if (!process.stdout.write(said)) await once(process.stdout, 'drain')
}
