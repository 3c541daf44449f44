import * as z from 'zod'
import { readEnvironment } from '../../runtime/env.ts'
import { ask, askJson } from './ask.ts'
import type { Command } from './command.ts'
import { words } from './command.ts'
import { findPlatform, PLATFORM_HELP, PLATFORM_OPTIONS } from './find-platform.ts'
import { Document, mergeOpenapi } from './merge-openapi.ts'

const Status = z.object({ team: z.string(), functions: z.array(z.object({ name: z.string() })) })

export const openapi: Command = {
  name: 'openapi',
  usage: '[function]',
  summary: 'prints the OpenAPI 3.1 document of one function, or of all',
  help: `
Prints what a function says of its routes. Without a name, all functions of the platform and the
platform's own routes in one document, each path below /{team}/{function} or /_mezz; a function that
says nothing is named on stderr.
${PLATFORM_HELP}`,
  options: PLATFORM_OPTIONS,

  async run({ values, positionals }) {
    words(positionals, { needed: [], more: 1 })
    const [name] = positionals
    const url = await findPlatform(values)
    const print = (document: unknown): void => void process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    if (name !== undefined) {
      const { MEZZ_TEAM: team } = readEnvironment()
      print(await askJson(new URL(`${url}/${team}/${name}/openapi.json`), z.looseObject({})))
      return 0
    }
    const { team, functions } = await askJson(new URL(`${url}/_mezz/status`), Status)
    const documents: (readonly [string, Document])[] = []
    const places = [...functions.map((one) => `/${team}/${one.name}`), '/_mezz']
    for (const place of places) {
      const { status, body } = await ask(new URL(`${url}${place}/openapi.json`))
      const parsed = Document.safeParse(await new Response(body).json().catch(() => undefined))
      if (status === 200 && parsed.success) documents.push([place, parsed.data])
      else process.stderr.write(`${place} has no OpenAPI document\n`)
    }
    print(mergeOpenapi(documents, { title: `mezz, team ${team}`, server: url }))
    return 0
  },
}
