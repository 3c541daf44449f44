import { PlatformError } from '../errors.ts'
import type { Tensor, TensorInfo } from '../ports.ts'

export type Tensors = Readonly<Record<string, Tensor>>

/** Refuses inputs that the graph cannot take, each with its pointer. */
export function demandInputs(inputs: Tensors, wanted: readonly TensorInfo[]): void {
  const names = wanted.map(({ name }) => name)
  const errors = [
    ...wanted.flatMap((info) => wrong(inputs[info.name], info)),
    ...Object.keys(inputs).flatMap((name) =>
      names.includes(name) ? [] : { pointer: `/${name}`, reason: `no such input; the graph takes ${names.join(', ')}` },
    ),
  ]
  if (errors.length > 0) throw new PlatformError('invalid_input', 'the graph cannot take these inputs', { errors })
}

/** The first dimension that all inputs share; `undefined` where there is none. */
export function rowsOf(inputs: Tensors): number | undefined {
  const [rows, ...others] = new Set(Object.values(inputs).map(({ shape }) => shape[0]))
  return others.length === 0 ? rows : undefined
}

/** What must be equal for rows of two calls to go into one run: types and all dimensions but the first. */
export function likeness(inputs: Tensors): string {
  return Object.keys(inputs)
    .sort()
    .map((name) => `${name}:${inputs[name]?.type}:${inputs[name]?.shape.slice(1)}`)
    .join(' ')
}

/** One set of tensors with the rows of all, in order; they must be alike. */
export function joinRows(all: readonly Tensors[]): Tensors {
  const [first = {}] = all
  return mapTensors(first, (_, name) => joinTensors(all.flatMap((one) => one[name] ?? [])))
}

/** The rows from `start` up to `end`, exclusive. */
export function sliceRows(tensors: Tensors, start: number, end: number): Tensors {
  return mapTensors(tensors, ({ type, shape, data }) => {
    const width = size(shape.slice(1))
    const part = isTyped(data) ? data.subarray(start * width, end * width) : data.slice(start * width, end * width)
    return { type, shape: [end - start, ...shape.slice(1)], data: part }
  })
}

function wrong(tensor: Tensor | undefined, info: TensorInfo): { pointer: string; reason: string }[] {
  const expected = `${info.type} [${info.shape.map((length) => (length < 0 ? 'N' : length)).join(', ')}]`
  const fault = (reason: string) => [{ pointer: `/${info.name}`, reason }]
  if (!tensor) return fault(`missing; it is ${expected}`)
  const { type, shape, data } = tensor
  const fits =
    shape.length === info.shape.length && info.shape.every((length, at) => length < 0 || length === shape[at])
  if (type !== info.type || !fits) return fault(`${type} [${shape.join(', ')}] where ${expected} belongs`)
  if (!(data instanceof ARRAYS[type])) return fault(`the data of a ${type} tensor must be a ${ARRAYS[type].name}`)
  return data.length === size(shape) ? [] : fault(`${data.length} values where the shape has ${size(shape)}`)
}

const ARRAYS = {
  float64: Float64Array,
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  bool: Uint8Array,
  string: Array,
} as const

function joinTensors(parts: readonly Tensor[]): Tensor {
  const [first] = parts
  if (!first) throw new RangeError('nothing to join')
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0)
  return { type: first.type, shape: [rows, ...first.shape.slice(1)], data: joinData(parts.map(({ data }) => data)) }
}

function joinData(parts: readonly Tensor['data'][]): Tensor['data'] {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const [first] = parts
  if (first instanceof Float64Array)
    return fill(
      new Float64Array(length),
      parts.filter((part) => part instanceof Float64Array),
    )
  if (first instanceof Float32Array)
    return fill(
      new Float32Array(length),
      parts.filter((part) => part instanceof Float32Array),
    )
  if (first instanceof Int32Array)
    return fill(
      new Int32Array(length),
      parts.filter((part) => part instanceof Int32Array),
    )
  if (first instanceof Uint8Array)
    return fill(
      new Uint8Array(length),
      parts.filter((part) => part instanceof Uint8Array),
    )
  if (first instanceof BigInt64Array)
    return fill(
      new BigInt64Array(length),
      parts.filter((part) => part instanceof BigInt64Array),
    )
  return parts.flatMap((part) => (isTyped(part) ? [] : part))
}

function fill<array extends { readonly length: number; set(values: array, at: number): void }>(
  whole: array,
  parts: readonly array[],
): array {
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function isTyped(data: Tensor['data']): data is Exclude<Tensor['data'], readonly string[]> {
  return ArrayBuffer.isView(data)
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}

function mapTensors(tensors: Tensors, change: (tensor: Tensor, name: string) => Tensor): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]))
}
