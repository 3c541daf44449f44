import type { Fault } from 'mezz/errors'
import { PlatformError } from 'mezz/errors'
import type { Model, Tensor, TensorInfo, TensorType } from 'mezz/ports'
import { pointer } from 'mezz/validate'
import type { Datatype, InferenceRequest, Output, TensorMetadata } from './oip-schema.ts'
import { KIND } from './oip-schema.ts'

type Input = InferenceRequest['inputs'][number]

const MOST_ROWS = 10_000
const DATATYPE: Readonly<Record<TensorType, Datatype>> = {
  float64: 'FP64',
  float32: 'FP32',
  int64: 'INT64',
  int32: 'INT32',
  bool: 'BOOL',
  string: 'BYTES',
}

/** The tensors of a graph that keeps its own. */
export function ownTensors(tensors: readonly TensorInfo[]): TensorMetadata[] {
  return tensors.map(({ name, type, shape }) => ({ name, datatype: DATATYPE[type], shape: [...shape] }))
}

/** Runs a graph on its own tensors; answers with the outputs that were asked for, all where none was named. `invalid_input` names what does not fit. */
export async function runOwn(
  graph: Model,
  inputs: readonly Input[],
  asked: readonly { readonly name: string }[] | undefined,
): Promise<Output[]> {
  const chosen = (asked ?? graph.outputs).map(({ name }, at) => demandOutput(graph, name, at))
  const faults = inputs.flatMap((input, at) => check(input, at, { graph, rows: inputs[0]?.shape[0] ?? 0 }))
  if (faults.length > 0) throw refused(faults)
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, tensorOf(input)]))
  const found = await graph.run(feeds)
  return chosen.map(({ name }) => outputOf(name, found[name]))
}

function check(
  { name, datatype, shape, data }: Input,
  at: number,
  { graph, rows }: { readonly graph: Model; readonly rows: number },
): Fault[] {
  const known = graph.inputs.find((one) => one.name === name)
  if (!known) {
    const names = graph.inputs.map((one) => one.name).join(', ')
    return fault([at, 'name'], `the model has no input ${name}; it has ${names}`)
  }
  const wanted = DATATYPE[known.type]
  if (datatype !== wanted) return fault([at, 'datatype'], `${name} is ${wanted}, not ${datatype}`)
  const fits = shape.length === known.shape.length && known.shape.every((most, dim) => most < 0 || most === shape[dim])
  if (!fits) return fault([at, 'shape'], `${name} is [${known.shape.join(', ')}], not [${shape.join(', ')}]`)
  if (shape[0] !== rows) return fault([at, 'shape'], `${name} has ${shape[0]} rows, the first tensor ${rows}`)
  if (rows < 1 || rows > MOST_ROWS) return fault([at, 'shape'], `1 to ${MOST_ROWS} rows are taken, not ${rows}`)
  const values = data.flat(Number.POSITIVE_INFINITY)
  const size = shape.reduce((product, length) => product * length, 1)
  if (values.length !== size) {
    return fault([at, 'data'], `${name} has ${values.length} values where its shape has ${size}`)
  }
  const odd = values.findIndex((value) => !isElement(value, wanted))
  if (odd < 0) return []
  return fault([at, 'data', odd], `a value of ${name} is a ${KIND[wanted]}, not ${JSON.stringify(values[odd])}`)
}

/** Null is a missing value where the tensor can hold one. */
function isElement(value: unknown, datatype: Datatype): boolean {
  if (value === null) return datatype === 'FP64' || datatype === 'FP32'
  if (typeof value !== KIND[datatype]) return false
  return !datatype.startsWith('INT') || Number.isSafeInteger(value)
}

/** Of an input that was checked. */
function tensorOf({ datatype, shape, data }: Input): Tensor {
  const values = data.flat(Number.POSITIVE_INFINITY)
  if (datatype === 'BYTES') return { type: 'string', shape, data: values.map(String) }
  const numbers = values.map((value) => (value === null ? Number.NaN : Number(value)))
  if (datatype === 'FP64') return { type: 'float64', shape, data: Float64Array.from(numbers) }
  if (datatype === 'FP32') return { type: 'float32', shape, data: Float32Array.from(numbers) }
  if (datatype === 'INT64') return { type: 'int64', shape, data: BigInt64Array.from(numbers, BigInt) }
  if (datatype === 'INT32') return { type: 'int32', shape, data: Int32Array.from(numbers) }
  return { type: 'bool', shape, data: Uint8Array.from(numbers) }
}

function outputOf(name: string, tensor: Tensor | undefined): Output {
  if (!tensor) throw new RangeError(`the graph gave no ${name}`)
  const { type, shape, data } = tensor
  const datatype = DATATYPE[type]
  const values = Array.from<number | bigint | string>(data)
  if (type === 'bool') return { name, datatype, shape: [...shape], data: values.map(Boolean) }
  return { name, datatype, shape: [...shape], data: type === 'string' ? values.map(String) : values.map(Number) }
}

function demandOutput({ outputs }: Model, name: string, at: number): TensorInfo {
  const found = outputs.find((one) => one.name === name)
  if (found) return found
  const reason = `the model has no output ${name}; it has ${outputs.map((one) => one.name).join(', ')}`
  throw new PlatformError('invalid_input', reason, { errors: [{ pointer: pointer(['outputs', at, 'name']), reason }] })
}

function fault(path: readonly PropertyKey[], reason: string): Fault[] {
  return [{ pointer: pointer(['inputs', ...path]), reason }]
}

function refused(faults: readonly Fault[]): PlatformError {
  return new PlatformError('invalid_input', `the inputs do not fit the model: ${faults[0]?.reason}`, { errors: faults })
}
