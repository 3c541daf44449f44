import * as z from 'zod'
import type { CommandDefinition, FunctionDefinition, TriggerDefinition } from '../runtime/define.ts'
import type { PortName } from '../runtime/ports.ts'
import { isQuantity } from '../runtime/quantity.ts'
import { RESERVED } from '../runtime/reserved.ts'

const PORTS = { objects: true, sql: true, tables: true, models: true } as const satisfies Record<PortName, true>
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

const Name = z.string().regex(DNS_LABEL, 'a name is a DNS label: a-z, 0-9 and dashes between them, 63 at most')
const Sentence = z.string('is missing').min(1, 'is missing')
const EventLike = z.looseObject({ type: z.string(), topic: z.string() }, 'is no event: defineEvent makes one')
const Count = z.int().positive()
const callable = z.custom<(ports: never) => unknown>((value) => typeof value === 'function', 'is no function')

const Common = z.looseObject({
  name: Name.refine((name) => !RESERVED.includes(name), {
    error: ({ input }) => `${input} is a name of the platform itself: take another`,
  }),
  summary: Sentence,
  scope: Sentence,
  emits: z.array(EventLike).optional(),
  scale: z
    .object({
      min: z.int().nonnegative().optional(),
      max: Count.optional(),
      concurrency: Count.optional(),
      idle: z.number().positive().optional(),
    })
    .refine(({ min = 0, max = Math.max(5, min) }) => min <= max, 'min is more than max')
    .optional(),
  resources: z
    .object({
      cpu: z.string().regex(/^\d+(\.\d+)?m?$/, 'is no quantity of cores: `500m`, `2`'),
      memory: z.string().refine((text) => isQuantity(text), 'is no quantity of memory: `256Mi`'),
    })
    .optional(),
  timeout: z.number().positive().max(600).optional(),
})

const FunctionShape = Common.extend({
  uses: z.array(
    z.enum(Object.keys(PORTS), {
      error: ({ input }) => `no port ${input}: there are ${Object.keys(PORTS).join(', ')}`,
    }),
  ),
  programs: z.record(Name, z.string()).optional(),
  app: callable,
})
const CommandShape = Common.extend({ command: z.array(z.string()).min(1, 'is empty'), image: z.string().optional() })

const Schedule = z.strictObject({ cron: z.string(), zone: z.string() })

const TriggerShape = z.looseObject({
  on: z.union([Schedule, EventLike], { error: 'is no event and no schedule: defineEvent makes one, every the other' }),
  deliver: z.object({ to: z.string(), path: z.string().startsWith('/', 'begins with /') }),
  order: z.enum(['key', 'partition', 'none']).optional(),
  parallel: Count.optional(),
  attempts: Count.optional(),
  backoff: z.object({ first: z.number().positive(), most: z.number().positive() }).optional(),
  maxAge: z.number().positive().optional(),
  afterDeadLetter: z.enum(['continue', 'stop']).optional(),
  budget: z
    .strictObject({
      share: z.number().min(0).max(1),
      within: z.number().min(1).max(86_400),
      least: z.int().nonnegative(),
    })
    .optional(),
  batch: z.strictObject({ most: z.int().min(1).max(1000) }).optional(),
  startFrom: z.enum(['earliest', 'latest']).optional(),
  ownEvent: z.boolean().optional(),
})

/** What is wrong with a declaration: the field's path, and why. */
export interface Wrong {
  readonly path: readonly PropertyKey[]
  readonly reason: string
}

export type Checked<definition> = { readonly definition: definition } | { readonly wrong: readonly Wrong[] }

/** A function's default export, checked. */
export function checkFunction(exported: unknown): Checked<FunctionDefinition | CommandDefinition> {
  const isCommand = typeof exported === 'object' && exported !== null && 'command' in exported
  return check<FunctionDefinition | CommandDefinition>(
    isCommand ? CommandShape : FunctionShape,
    exported,
    'defineFunction',
  )
}

/** A trigger's default export, checked. */
export function checkTrigger(exported: unknown): Checked<TriggerDefinition> {
  return check<TriggerDefinition>(TriggerShape, exported, 'defineTrigger')
}

function check<definition>(shape: z.ZodType, exported: unknown, maker: string): Checked<definition> {
  if (typeof exported !== 'object' || exported === null) {
    return { wrong: [{ path: [], reason: `has no default export: export default ${maker}({ … })` }] }
  }
  const { error } = shape.safeParse(exported)
  if (error)
    return { wrong: error.issues.map(({ path, message }) => ({ path, reason: `${path.join('.')} ${message}` })) }
  // The shape above is what the type says, as far as a value can be asked.
  return { definition: exported as definition }
}
