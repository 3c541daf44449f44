import type { Message } from '../../functions/convert/protobuf.ts'
import { bytes, encode, integer, integers, message, text } from '../../functions/convert/protobuf.ts'
import type { TensorType } from '../../runtime/ports.ts'

// Small graphs in ONNX's own bytes (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).

const ELEMENT: Record<TensorType, number> = { float32: 1, int32: 6, int64: 7, string: 8, bool: 9, float64: 11 }

interface Value {
  readonly name: string
  readonly type: TensorType
  /** A string is a dimension of any length. */
  readonly shape: readonly (number | string)[]
}

interface Call {
  readonly operator: string
  readonly inputs: readonly string[]
  readonly output: string
}

/** Gives back what goes in. */
export function identity(type: TensorType, shape: readonly (number | string)[]): Uint8Array {
  const calls = [{ operator: 'Identity', inputs: ['in'], output: 'out' }]
  return graph({ inputs: [{ name: 'in', type, shape }], outputs: [{ name: 'out', type, shape }], calls })
}

/** `left` and `right` [N, 2] in, their `sum` and whether left `is_less` out. */
export function pair(): Uint8Array {
  const value = (name: string, type: TensorType = 'float64'): Value => ({ name, type, shape: ['N', 2] })
  return graph({
    inputs: [value('left'), value('right')],
    outputs: [value('sum'), value('is_less', 'bool')],
    calls: [
      { operator: 'Add', inputs: ['left', 'right'], output: 'sum' },
      { operator: 'Less', inputs: ['left', 'right'], output: 'is_less' },
    ],
  })
}

/** All of `in` [N] added up to one `out` [1]: rows of two calls must not meet in it. */
export function total(): Uint8Array {
  return graph({
    inputs: [{ name: 'in', type: 'float64', shape: ['N'] }],
    outputs: [{ name: 'out', type: 'float64', shape: [1] }],
    calls: [{ operator: 'ReduceSum', inputs: ['in'], output: 'out' }],
  })
}

/** The entry of [10, 20, 30] at each index of `in` [N]; another index fails. */
export function lookUp(): Uint8Array {
  return table(bytes(9, doubles(10, 20, 30)))
}

/** The same with its table in another file, as graphs may have it. */
export function lookUpElsewhere(location: string): Uint8Array {
  const external = message(13, text(1, 'location'), text(2, location))
  return table([...external, ...integer(14, 1)])
}

function table(content: Message): Uint8Array {
  const constant = message(5, integers(1, [3]), integer(2, ELEMENT.float64), text(8, 'table'), content)
  return graph(
    {
      inputs: [{ name: 'in', type: 'int64', shape: ['N'] }],
      outputs: [{ name: 'out', type: 'float64', shape: ['N'] }],
      calls: [{ operator: 'Gather', inputs: ['table', 'in'], output: 'out' }],
    },
    constant,
  )
}

function graph(
  { inputs, outputs, calls }: { inputs: readonly Value[]; outputs: readonly Value[]; calls: readonly Call[] },
  ...constants: readonly Message[]
): Uint8Array {
  const nodes = calls.map(({ operator, inputs, output }) =>
    message(1, ...inputs.map((input) => text(1, input)), text(2, output), text(4, operator)),
  )
  const values = (field: number, all: readonly Value[]) =>
    all.map(({ name, type, shape }) => message(field, text(1, name), typeOf(type, shape)))
  const whole = message(7, ...nodes, text(2, 'test'), ...constants, ...values(11, inputs), ...values(12, outputs))
  return encode(integer(1, 10), whole, message(8, text(1, ''), integer(2, 21)))
}

function typeOf(type: TensorType, shape: Value['shape']) {
  const dimensions = shape.map((length) =>
    message(1, typeof length === 'number' ? integer(1, length) : text(2, length)),
  )
  return message(2, message(1, integer(1, ELEMENT[type]), message(2, ...dimensions)))
}

function doubles(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer)
}
