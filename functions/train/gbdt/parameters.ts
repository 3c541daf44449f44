import { PlatformError } from 'mezz/errors'
import * as z from 'zod'

/** What a caller may set on the trainer, with LightGBM's defaults. */
export const Parameters = z.strictObject({
  rounds: z.int().min(1).max(10_000).default(100),
  learningRate: z.number().positive().max(1).default(0.1),
  /** Most leaves of one tree. */
  leaves: z.int().min(2).max(4096).default(31),
  minDataInLeaf: z.int().min(1).default(20),
  /** Below the least, what rounding leaves of differences of sums passes for rows: leaves without any (seen). */
  minSumHessian: z.number().min(1e-9).default(1e-3),
  /** L2 penalty on a leaf's value. */
  lambda: z.number().nonnegative().default(0),
  /** Unlimited when it is not set. */
  maxDepth: z.int().min(1).optional(),
  /** Most bins of a column, one of them for missing values where there are any; a bin's number is a byte. */
  bins: z.int().min(3).max(255).default(255),
})

export type GbdtParameters = Readonly<z.infer<typeof Parameters>>

/** Reads parameters and fills in the defaults; `unprocessable` names every wrong or unknown one, as pointers that begin with `at`. */
export function parseParameters(given: unknown, at = ''): GbdtParameters {
  const parsed = Parameters.safeParse(given)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          pointer: pointer(at, [key]),
          reason: `unknown parameter; known are ${Object.keys(Parameters.shape).join(', ')}`,
        }))
      : [{ pointer: pointer(at, issue.path), reason: issue.message }],
  )
  const told = errors.map(({ pointer, reason }) => `${pointer || 'parameters'}: ${reason}`).join('; ')
  throw new PlatformError('unprocessable', `gbdt cannot train with these parameters: ${told}`, { errors })
}

function pointer(at: string, path: readonly PropertyKey[]): string {
  return at + path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
