import type { Message } from './protobuf.ts'
import { bytes, encode, integer, integers, message, text } from './protobuf.ts'

// Field numbers and enums of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto

/** IR 10 came with ONNX 1.16, which brought these operator sets. */
const IR_VERSION = 10
export const OPSET = 21
export const ML_OPSET = 5
const ML_DOMAIN = 'ai.onnx.ml'

const ELEMENT = { uint8: 2, bool: 9, float64: 11 } as const
const ATTRIBUTE = { integer: 2, tensor: 4, integers: 7 } as const

export type Element = keyof typeof ELEMENT

/** A constant of a graph, dense and row-major. */
export interface Constant {
  readonly element: Element
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

export type Attribute = number | readonly number[] | Constant

/** One operator call; names tie outputs to inputs. */
export interface Node {
  readonly operator: string
  /** `ai.onnx.ml` where true. */
  readonly ml?: boolean
  readonly inputs: readonly string[]
  readonly output: string
  readonly attributes?: Readonly<Record<string, Attribute>>
}

/** A float64 matrix that goes in or comes out: any number of rows. */
export interface Matrix {
  readonly name: string
  readonly width: number
}

export interface Graph {
  readonly name: string
  readonly inputs: readonly Matrix[]
  readonly outputs: readonly Matrix[]
  readonly nodes: readonly Node[]
  /** Kept with the model for people and tools. */
  readonly metadata: Readonly<Record<string, string>>
}

/** One call of an operator of ONNX's own domain. */
export function node(operator: string, inputs: readonly string[], output: string, axis?: number): Node {
  return { operator, inputs, output, ...(axis === undefined ? {} : { attributes: { axis } }) }
}

/** A float64 constant that other nodes read. */
export function scalar(value: number, output: string): Node {
  const constant: Constant = { element: 'float64', shape: [], data: [value] }
  return { operator: 'Constant', inputs: [], output, attributes: { value: constant } }
}

/** The graph as the bytes of an ONNX file; the same graph gives the same bytes. */
export function onnx({ name, inputs, outputs, nodes, metadata }: Graph): Uint8Array {
  const graph = [
    ...nodes.map((node) => message(1, ...nodeFields(node))),
    text(2, name),
    ...inputs.map((matrix) => message(11, ...matrixFields(matrix))),
    ...outputs.map((matrix) => message(12, ...matrixFields(matrix))),
  ]
  return encode(
    integer(1, IR_VERSION),
    text(2, 'mezz'),
    message(7, ...graph),
    message(8, text(1, ''), integer(2, OPSET)),
    message(8, text(1, ML_DOMAIN), integer(2, ML_OPSET)),
    ...Object.entries(metadata).map(([key, value]) => message(14, text(1, key), text(2, value))),
  )
}

function nodeFields({ operator, ml, inputs, output, attributes = {} }: Node): Message[] {
  return [
    ...inputs.map((input) => text(1, input)),
    text(2, output),
    text(3, output),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) => message(5, text(1, name), ...attributeFields(value))),
    ...(ml ? [text(7, ML_DOMAIN)] : []),
  ]
}

function attributeFields(value: Attribute): Message[] {
  if (typeof value === 'number') return [integer(3, value), integer(20, ATTRIBUTE.integer)]
  if ('element' in value) return [message(5, ...tensorFields(value)), integer(20, ATTRIBUTE.tensor)]
  return [integers(8, value), integer(20, ATTRIBUTE.integers)]
}

function tensorFields({ element, shape, data }: Constant): Message[] {
  return [integers(1, shape), integer(2, ELEMENT[element]), bytes(9, littleEndian(element, data))]
}

function matrixFields({ name, width }: Matrix): Message[] {
  const shape = message(2, message(1, text(2, 'N')), message(1, integer(1, width)))
  return [text(1, name), message(2, message(1, integer(1, ELEMENT.float64), shape))]
}

function littleEndian(element: Element, data: readonly number[]): Uint8Array {
  if (element !== 'float64') return Uint8Array.from(data)
  const view = new DataView(new ArrayBuffer(data.length * 8))
  for (const [at, value] of data.entries()) view.setFloat64(at * 8, value, true)
  return new Uint8Array(view.buffer)
}
