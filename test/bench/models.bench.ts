// One row a call: calls that wait for each other, calls that meet but run apart, calls that meet and share runs.
import { readFileSync } from 'node:fs'
import { scoreGraph } from '../../functions/convert/graph.ts'
import { parseModel } from '../../functions/convert/parse.ts'
import { onnxruntimeModels } from '../../runtime/adapters/onnxruntime.ts'
import type { Model, Tensor } from '../../runtime/ports.ts'

const CALLS = 20_000
const AT_ONCE = 64

for (const name of ['breast-cancer', 'mixed']) {
  const text = readFileSync(new URL(`../oracle/lightgbm/${name}.txt`, import.meta.url), 'utf8')
  const graph = scoreGraph(parseModel(text))
  const gathered = onnxruntimeModels()
  const apart = onnxruntimeModels({ batch: 1 })
  const [oneByOne, meeting, sharing] = [
    await measure(await apart.load(graph), 1),
    await measure(await apart.load(graph), AT_ONCE),
    await measure(await gathered.load(graph), AT_ONCE),
  ]
  process.stdout.write(
    `${name}: one by one ${oneByOne} rows/s; ${AT_ONCE} at once, apart ${meeting}; gathered ${sharing}: ${(sharing / oneByOne).toFixed(1)} times one by one\n`,
  )
  await Promise.all([gathered.close(), apart.close()])
}

/** Rows a second; a short run before it warms up. */
async function measure(model: Model, callers: number): Promise<number> {
  const width = model.inputs[0]?.shape[1] ?? 0
  const call = (seed: number) => {
    const data = Float64Array.from({ length: width }, (_, at) => Math.sin(seed * width + at) * 100)
    const features: Tensor = { type: 'float64', shape: [1, width], data }
    return model.run({ features })
  }
  const run = async (calls: number) => {
    let next = 0
    const caller = async () => {
      while (next < calls) await call(next++)
    }
    await Promise.all(Array.from({ length: callers }, caller))
  }
  await run(CALLS / 10)
  const start = performance.now()
  await run(CALLS)
  return Math.round((CALLS * 1000) / (performance.now() - start))
}
