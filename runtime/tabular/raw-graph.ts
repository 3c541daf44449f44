import type { Fault } from '../errors.ts'
import { PlatformError } from '../errors.ts'
import type { Tensor, TensorInfo, TensorType } from '../ports.ts'
import type { Definition } from './definition.ts'
import type { RawRow } from './row.ts'
import { parseNumber } from './value.ts'

// A graph that a script brought takes the columns of a table as they are, with no encoder before it: as one matrix in the order
// of the signature's inputs, or as one tensor for each of them, in the same order (exporters change names).

/** A column that a graph takes; `missing` is the text that stands for no value where its tensor holds texts. */
export interface GraphColumn {
  readonly column: string
  readonly missing?: string | undefined
}

type Tensors = Readonly<Record<string, Tensor>>
type RawValue = RawRow[number]

/** The definition by which rows give a graph its columns: each as it is, in the order of the inputs; `unprocessable` where the view lacks one. */
export function rawDefinition({ columns, target }: Definition, inputs: readonly GraphColumn[]): Definition {
  const of = { number: 'number', boolean: 'boolean', text: 'category', time: 'category' } as const
  const features = inputs.map(({ column }) => {
    const found = columns.find(({ name }) => name === column)
    if (!found) throw new PlatformError('unprocessable', `the model takes ${column}, which its view does not have`)
    return { name: column, column, of: of[found.type] }
  })
  return { columns, features, ...(target === undefined ? {} : { target }) }
}

/** Compiles how raw rows (one value for each input) become a graph's tensors; `unprocessable` where the graph takes other inputs. */
export function rowTensors(
  inputs: readonly GraphColumn[],
  graph: readonly TensorInfo[],
): (rows: readonly RawRow[]) => Tensors {
  const [only] = graph
  const width = only?.shape.length === 2 ? only.shape[1] : undefined
  if (only && graph.length === 1 && (width === inputs.length || width === -1)) {
    return checked((rows, faults) => ({ [only.name]: tensor(only, { rows, inputs, from: 0 }, faults) }))
  }
  const isColumn = ({ shape }: TensorInfo) => shape.length === 1 || shape[1] === 1 || shape[1] === -1
  if (graph.length === inputs.length && graph.every(isColumn)) {
    return checked((rows, faults) => {
      const columns = graph.map((info, from) => {
        return [info.name, tensor(info, { rows, inputs: inputs.slice(from, from + 1), from }, faults)] as const
      })
      return Object.fromEntries(columns)
    })
  }
  const taken = graph.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ')
  throw new PlatformError(
    'unprocessable',
    `the graph takes ${taken}: neither one matrix of the ${inputs.length} columns nor one tensor for each of them`,
  )
}

/** What a graph says of each row, row-major: a probability for each class, or one value; `unprocessable` where no output is that. */
export function rowScores(
  outputs: Tensors,
  { rows, classes }: { readonly rows: number; readonly classes: number | undefined },
): Float64Array {
  const floats = Object.entries(outputs).flatMap(([name, { type, data }]) =>
    (type === 'float32' || type === 'float64') && ArrayBuffer.isView(data)
      ? [{ name, data: Float64Array.from(data, Number) }]
      : [],
  )
  // LightGBM's graph has its raw scores beside the output.
  const named = floats.toSorted((a, b) => Number(a.name === 'raw') - Number(b.name === 'raw'))
  const width = classes ?? 1
  const found = named.find(({ data }) => data.length === rows * width)
  if (found) return found.data
  const positive = classes === 2 ? named.find(({ data }) => data.length === rows) : undefined
  if (positive)
    return Float64Array.from({ length: 2 * rows }, (_, at) => side(positive.data[at >> 1] ?? Number.NaN, at))
  const given = Object.entries(outputs).map(([name, { type, shape }]) => `${name} ${type} [${shape.join(', ')}]`)
  throw new PlatformError('unprocessable', `the graph gives ${given.join(', ')}, and no ${width} numbers a row`)
}

/** From p(class 1) to the probability of the class at this place. */
function side(probability: number, at: number): number {
  return at % 2 === 0 ? 1 - probability : probability
}

function checked(make: (rows: readonly RawRow[], faults: Fault[]) => Tensors): (rows: readonly RawRow[]) => Tensors {
  return (rows) => {
    const faults: Fault[] = []
    const made = make(rows, faults)
    if (faults.length === 0) return made
    throw new PlatformError('unprocessable', 'these rows are not what the model takes', { errors: faults })
  }
}

interface Columns {
  readonly rows: readonly RawRow[]
  readonly inputs: readonly GraphColumn[]
  /** The place of the first of them in a row. */
  readonly from: number
}

/** What is no number where one belongs is 0 in the tensor, and a fault. */
function tensor({ type, shape }: TensorInfo, { rows, inputs, from }: Columns, faults: Fault[]): Tensor {
  const dims = shape.length === 1 ? [rows.length] : [rows.length, inputs.length]
  const values = rows.flatMap((row, at) =>
    inputs.map((input, column) => {
      const value = row[from + column] ?? null
      const cell = type === 'string' ? textOf(value, input) : numberOf(value, type)
      if (cell !== undefined) return cell
      const reason = `the model takes a number here, got ${JSON.stringify(value)}`
      faults.push({ pointer: pointer(at, input.column), reason })
      return 0
    }),
  )
  if (type === 'string') return { type, shape: dims, data: values.map(String) }
  return { type, shape: dims, data: typed(type, values.map(Number)) }
}

function textOf(value: RawValue, { missing = '' }: GraphColumn): string {
  if (value === null) return missing
  // As Python writes it.
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value)
}

/** `undefined` for what is no number; of an integer tensor, missing is none. */
function numberOf(value: RawValue, type: TensorType): number | undefined {
  if (value === null) return type === 'float32' || type === 'float64' ? Number.NaN : undefined
  const number = typeof value === 'string' ? parseNumber(value) : Number(value)
  const isInteger = type === 'int64' || type === 'int32'
  return isInteger && !Number.isSafeInteger(number) ? undefined : number
}

function typed(type: TensorType, values: readonly number[]): Tensor['data'] {
  if (type === 'float64') return Float64Array.from(values)
  if (type === 'float32') return Float32Array.from(values)
  if (type === 'int64') return BigInt64Array.from(values, BigInt)
  return type === 'int32' ? Int32Array.from(values) : Uint8Array.from(values)
}

function pointer(row: number, column: string): string {
  return `/rows/${row}/${column.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
