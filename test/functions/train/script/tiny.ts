import { node, onnx } from '../../../../functions/convert/onnx.ts'
import type { ScriptFile } from '../../../../functions/train/scripts/tar.ts'

/** The graph of y = factor · (a + b): one matrix of two columns in, double. */
export function tinyGraph(factor: number): Uint8Array {
  const weights = { element: 'float64', shape: [2, 1], data: [factor, factor] } as const
  return onnx({
    name: 'tiny',
    inputs: [{ name: 'features', width: 2 }],
    outputs: [{ name: 'value', width: 1 }],
    nodes: [
      { operator: 'Constant', inputs: [], output: 'weights', attributes: { value: weights } },
      node('MatMul', ['features', 'weights'], 'value'),
    ],
    metadata: {},
  })
}

/** A Python script of the standard library alone, which leaves that graph and says of some rows what it should say; `lies` is added to what it says. */
export function tinyScript(factor: number, { lies = 0, before = '' } = {}): ScriptFile[] {
  const source = `import csv, json, os, shutil
${before}
with open('numbers.csv') as file:
    rows = [[float(row['a']), float(row['b'])] for row in csv.DictReader(file)][:50]
print(f'{len(rows)} rows')

def write(name, value):
    with open(os.path.join(os.environ['MEZZ_OUTPUT'], name), 'w') as file:
        json.dump(value, file)

shutil.copy('model.onnx', os.environ['MEZZ_OUTPUT'])
write('reference.json', {'rows': rows, 'values': [${factor} * (a + b) + ${lies} for a, b in rows]})
write('signature.json', {'task': 'regression', 'target': 'y', 'inputs': [{'column': 'a'}, {'column': 'b'}]})
write('metrics.json', {'factor': ${factor}})
`
  return [
    { path: 'train.py', bytes: Buffer.from(source) },
    { path: 'model.onnx', bytes: tinyGraph(factor) },
  ]
}

/** The SELECT of the table that it is for. */
export const NUMBERS = 'select i / 4 as a, i % 3 as b, i::double as y from range(60) t(i)'
