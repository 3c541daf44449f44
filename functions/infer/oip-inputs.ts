import type { Fault } from 'mezz/errors'
import { PlatformError } from 'mezz/errors'
import { pointer } from 'mezz/validate'
import type { Datatype, InferenceRequest, TensorMetadata } from './oip-schema.ts'
import { KIND } from './oip-schema.ts'
import type { Row, Scorer, Scores } from './scorer.ts'

type Input = InferenceRequest['inputs'][number]

const MOST_ROWS = 10_000
const DATATYPE = { number: 'FP64', boolean: 'BOOL', text: 'BYTES', time: 'BYTES' } as const satisfies Record<
  Scorer['columns'][number]['type'],
  Datatype
>

/** One tensor for each raw column. */
export function inputsOf({ columns }: Scorer): TensorMetadata[] {
  return columns.map(({ name, type }) => ({ name, datatype: DATATYPE[type], shape: [-1] }))
}

/** Scores the rows that these tensors hold; `invalid_input` names what does not fit the model's columns. */
export async function scoreTensors(scorer: Scorer, inputs: readonly Input[]): Promise<Scores> {
  const rows = toRows(inputsOf(scorer), inputs)
  try {
    return await scorer.score(rows)
  } catch (error) {
    throw error instanceof PlatformError && error.errors ? inTensors(error, inputs) : error
  }
}

function toRows(wanted: readonly TensorMetadata[], inputs: readonly Input[]): Row[] {
  const length = inputs[0]?.shape[0] ?? 0
  const seen = new Set<string>()
  const faults = inputs.flatMap((input, at) => {
    const again = seen.has(input.name)
    seen.add(input.name)
    return again ? fault([at, 'name'], `two tensors are called ${input.name}`) : check(input, at, wanted, length)
  })
  if (faults.length > 0) throw new PlatformError('invalid_input', told(faults), { errors: faults })
  return Array.from({ length }, (_, row) =>
    Object.fromEntries(inputs.map(({ name, data }) => [name, elementOf(data[row])])),
  )
}

function check({ name, shape, datatype, data }: Input, at: number, wanted: readonly TensorMetadata[], length: number) {
  const known = wanted.find((one) => one.name === name)
  if (!known)
    return fault([at, 'name'], `the model has no input ${name}; it has ${wanted.map((one) => one.name).join(', ')}`)
  if (datatype !== known.datatype) return fault([at, 'datatype'], `${name} is ${known.datatype}, not ${datatype}`)
  const flat = shape.length === 1
  if (!flat && !(shape.length === 2 && shape[1] === 1)) {
    return fault([at, 'shape'], `${name} is [N] or [N, 1], not [${shape.join(', ')}]`)
  }
  if (shape[0] !== length) return fault([at, 'shape'], `${name} has ${shape[0]} rows, the first tensor ${length}`)
  if (length < 1 || length > MOST_ROWS) return fault([at, 'shape'], `1 to ${MOST_ROWS} rows are taken, not ${length}`)
  if (data.length !== length)
    return fault([at, 'data'], `${name} has ${data.length} values where its shape has ${length}`)
  const odd = data.findIndex((value) => !isElement(value, KIND[known.datatype], flat))
  if (odd < 0) return []
  return fault(
    [at, 'data', odd],
    `a value of ${name} is a ${KIND[known.datatype]} or null, not ${JSON.stringify(data[odd])}`,
  )
}

/** Itself, or, where the shape has a second dimension, alone in an array. */
function isElement(value: unknown, kind: string, flat: boolean): boolean {
  if (Array.isArray(value)) return !flat && value.length === 1 && isElement(value[0], kind, true)
  return value === null || typeof value === kind
}

function elementOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value
}

/** The same error with its pointers into the tensors: `/rows/<i>/<column>` is `/inputs/<tensor>/data/<i>`. */
function inTensors(error: PlatformError, inputs: readonly Input[]): PlatformError {
  const places = new Map(inputs.map(({ name }, at) => [pointer([name]), at]))
  const errors = (error.errors ?? []).flatMap(({ pointer: place, reason }) => {
    const [, row, column] = /^\/rows\/(\d+)(\/.*)$/s.exec(place) ?? []
    return fault([places.get(column ?? '') ?? 0, 'data', Number(row)], reason)
  })
  return new PlatformError(error.code, told(errors), { cause: error, errors })
}

function fault(path: readonly PropertyKey[], reason: string): Fault[] {
  return [{ pointer: pointer(['inputs', ...path]), reason }]
}

function told([first, ...others]: readonly Fault[]): string {
  const more = others.length > 0 ? ` (and ${others.length} more)` : ''
  return `the inputs do not fit the model: ${first?.reason}${more}`
}
