import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Hono } from 'hono'
import * as z from 'zod'

const Document = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ responses: z.record(z.string(), z.unknown()) }))),
  components: z.unknown(),
})
const Answer = z.object({ content: z.record(z.string(), z.looseObject({ schema: z.unknown().optional() })).optional() })
const Problem = z.object({ code: z.string() })

/** Holds each answer of an app against its own OpenAPI document, which lies below `place`, as its paths do; throws where they differ. */
export async function answerChecker(
  app: Hono,
  place = '',
): Promise<(method: string, path: string, response: Response) => Promise<void>> {
  const response = await app.request(`${place}/openapi.json`)
  const { paths, components } = Document.parse(await response.json())
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const known = Object.entries(paths).map(([path, operations]) => ({
    operations,
    pattern: new RegExp(`^${place}${path.replaceAll(/[.]/g, '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
  }))

  return async function check(method, path, answer) {
    const { operations } = known.find(({ pattern }) => pattern.test(path)) ?? {}
    const responses = operations?.[method.toLowerCase()]?.responses
    if (!responses) return
    const what = `${method} ${path} → ${answer.status}`
    const declared = responses[String(answer.status)]
    if (!declared) {
      const problem = Problem.safeParse(
        await answer
          .clone()
          .json()
          .catch(() => undefined),
      )
      const how = problem.success ? `{ … }, '${problem.data.code}'` : `{ ${answer.status}: … }`
      throw new Error(`${what} is not in the OpenAPI document: say it in the route's line by answers('…', ${how})`)
    }
    const type = answer.headers.get('content-type')?.split(';')[0] ?? ''
    const { content } = Answer.parse(declared)
    if (!content) {
      if ((await answer.clone().text()) !== '')
        throw new Error(`${what} has a body, which the OpenAPI document does not know`)
      return
    }
    const media = content[type]
    if (!media) throw new Error(`${what} is ${type || 'untyped'}, the OpenAPI document says ${Object.keys(content)}`)
    if (media.schema === undefined) return
    const validate = ajv.compile({ $ref: '#/$defs/answer', $defs: { answer: media.schema }, components })
    if (!validate(await answer.clone().json())) {
      throw new Error(`${what} is not what the OpenAPI document says: ${ajv.errorsText(validate.errors)}`)
    }
  }
}
