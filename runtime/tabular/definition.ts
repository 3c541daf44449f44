import * as z from 'zod'

const Type = z.enum(['number', 'boolean', 'time', 'text'])

/** What a feature is of its column: the value itself, a part of a time, or whether it is missing. */
const Feature = z.object({
  name: z.string().min(1),
  column: z.string().min(1),
  of: z.enum(['number', 'category', 'boolean', 'year', 'month', 'day', 'weekday', 'hour', 'epoch', 'missing']),
})

/** A feature view as compiled: the columns it reads and the typed raw columns it makes of them, for tables and for rows alike. */
export const Definition = z.object({
  columns: z.array(z.object({ name: z.string().min(1), type: Type })),
  features: z.array(Feature),
  /** The column that is to be foretold: a row may hold it, and nothing is made of it. */
  target: z.string().optional(),
})

export type Definition = z.infer<typeof Definition>
export type Feature = z.infer<typeof Feature>

/** A column of a table; `nulls`, where it is known, tells whether its missing values deserve a flag. */
export interface TableColumn {
  readonly name: string
  readonly type: z.infer<typeof Type>
  readonly nulls?: number
}

export interface DefineOptions {
  /** Columns that nothing is made of. */
  readonly leaveOut?: readonly string[]
  readonly target?: string
}

const PARTS: Readonly<Record<TableColumn['type'], readonly Feature['of'][]>> = {
  number: ['number'],
  boolean: ['boolean'],
  text: ['category'],
  time: ['year', 'month', 'day', 'weekday', 'hour', 'epoch'],
}

/** The features of a table: every column that is not left out, times in parts, a flag where values are missing. */
export function define(schema: readonly TableColumn[], { leaveOut = [], target }: DefineOptions = {}): Definition {
  const columns = schema.filter(({ name }) => !leaveOut.includes(name))
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()))
  const features = columns.flatMap(({ name, type, nulls = 0 }) => {
    const parts = [...PARTS[type], ...(nulls > 0 ? (['missing'] as const) : [])]
    return parts.map((of) => ({ name: isValue(of) ? name : free(`${name}.${of}`, taken), column: name, of }))
  })
  const whole = { columns: columns.map(({ name, type }) => ({ name, type })), features }
  return target === undefined ? whole : aimAt(whole, target)
}

/** The same definition, with nothing made of the target. */
export function aimAt(definition: Definition, target: string): Definition {
  return { ...definition, target, features: definition.features.filter(({ column }) => column !== target) }
}

function isValue(of: Feature['of']): boolean {
  return of === 'number' || of === 'boolean' || of === 'category'
}

/** The name, or one like it that no other column has: a table may have columns `day` and `day.year`. */
function free(name: string, taken: Set<string>): string {
  let found = name
  while (taken.has(found.toLowerCase())) found += "'"
  taken.add(found.toLowerCase())
  return found
}
