import { PlatformError } from './errors.ts'

const UNITS = new Map(
  Object.entries({
    '': 1,
    m: 1e-3,
    k: 1e3,
    M: 1e6,
    G: 1e9,
    T: 1e12,
    Ki: 2 ** 10,
    Mi: 2 ** 20,
    Gi: 2 ** 30,
    Ti: 2 ** 40,
  }),
)

/** The number that a Kubernetes quantity means: `256Mi` is 268435456, `500m` is 0.5. Throws `invalid_input`. */
export function quantity(text: string): number {
  const meant = meaning(text)
  if (meant !== undefined) return meant
  throw new PlatformError('invalid_input', `${JSON.stringify(text)} is no quantity: write it as 500m, 2, 256Mi or 4Gi`)
}

export function isQuantity(text: string): boolean {
  return meaning(text) !== undefined
}

function meaning(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(text) ?? []
  const factor = UNITS.get(unit)
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor
}
