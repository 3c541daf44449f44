import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'

export const Document = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.unknown()),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()).optional() }).optional(),
})
export type Document = z.infer<typeof Document>

/** Several functions' documents as one: each path below its function's prefix; a schema whose name means something else already gets the prefix too. */
export function mergeOpenapi(
  documents: readonly (readonly [prefix: string, document: Document])[],
  { title, server }: { readonly title: string; readonly server: string },
): Document {
  const paths: Record<string, unknown> = {}
  const schemas: Record<string, unknown> = {}
  for (const [prefix, document] of documents) {
    const own = Object.entries(document.components?.schemas ?? {})
    const other = own.filter(([name, schema]) => name in schemas && !isDeepStrictEqual(schemas[name], schema))
    const renamed = new Map(other.map(([name]) => [name, `${prefix.slice(1).replaceAll('/', '_')}_${name}`]))
    for (const [name, schema] of own) schemas[renamed.get(name) ?? name] = withRefs(schema, renamed)
    for (const [path, item] of Object.entries(document.paths)) paths[`${prefix}${path}`] = withRefs(item, renamed)
  }
  return {
    openapi: '3.1.0',
    info: { title, version: '1' },
    servers: [{ url: server }],
    paths,
    components: { schemas },
  }
}

function withRefs(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (renamed.size === 0 || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => withRefs(one, renamed))
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      const [, name = ''] = key === '$ref' ? (/^#\/components\/schemas\/(.+)$/.exec(String(one)) ?? []) : []
      const other = renamed.get(name)
      return [key, other ? `#/components/schemas/${other}` : withRefs(one, renamed)]
    }),
  )
}
