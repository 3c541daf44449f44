// From a model file of our own trainer's to a proved graph.
import { convert } from '../../functions/convert/convert.ts'
import { fit } from '../../functions/train/gbdt/fit.ts'
import { parseParameters } from '../../functions/train/gbdt/parameters.ts'
import { toLightgbmText } from '../../functions/train/gbdt/text.ts'
import { onnxruntimeModels } from '../../runtime/adapters/onnxruntime.ts'
import { realTable } from '../functions/train/tables.ts'

const models = onnxruntimeModels()
for (const name of ['breast-cancer', 'iris', 'digits']) {
  const task = name === 'breast-cancer' ? 'binary' : 'multiclass'
  const { training, holdout, classes } = realTable(name, task)
  const parameters = parseParameters({})
  const text = toLightgbmText(fit(training, { task, classes, parameters }), parameters)
  const rows = [...holdout.target.keys()].map((row) => holdout.columns.map(({ values }) => values[row] ?? 0))
  const start = performance.now()
  const { graph, proof } = await convert(models, text, () => ({ rows }))
  const ms = Math.round(performance.now() - start)
  const { reached, all } = proof.probes
  process.stdout.write(
    `${name}: ${text.length} bytes of text, ${graph.length} of ONNX, ${proof.rows} rows, ${reached} of ${all} probes reached, difference ${proof.maxAbsoluteDifference}, ${ms} ms\n`,
  )
}
await models.close()
