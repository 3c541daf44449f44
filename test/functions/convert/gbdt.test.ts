import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { convert } from '../../../functions/convert/convert.ts'
import { rawScores } from '../../../functions/train/gbdt/ensemble.ts'
import { fit } from '../../../functions/train/gbdt/fit.ts'
import { parseParameters } from '../../../functions/train/gbdt/parameters.ts'
import { toLightgbmText } from '../../../functions/train/gbdt/text.ts'
import { onnxruntimeModels } from '../../../runtime/adapters/onnxruntime.ts'
import { randomTable } from '../train/tables.ts'

const models = onnxruntimeModels()
after(() => models.close())

for (const task of ['regression', 'binary', 'multiclass'] as const) {
  for (const [seed, size] of [
    [1, 2],
    [2, 70],
    [3, 900],
  ] as const) {
    it(`converts what our trainer learns from ${size} odd rows (${task}) equal to its own scores`, async () => {
      const ensemble = fit(randomTable(seed, size, task), {
        task,
        classes: 3,
        parameters: parseParameters({ rounds: 15 }),
      })
      const { columns } = randomTable(seed + 100, 250, task)
      const scores = rawScores(ensemble, columns)
      const rows = Array.from({ length: 250 }, (_, row) => columns.map(({ values }) => values[row] ?? Number.NaN))
      const raw = rows.map((_, row) => [...scores.subarray(row * ensemble.outputs, (row + 1) * ensemble.outputs)])

      const { proof } = await convert(models, toLightgbmText(ensemble, parseParameters({})), () => ({ rows, raw }))

      assert.ok(proof.rows >= 250)
      assert.ok(proof.maxAbsoluteDifference <= 1e-12)
    })
  }
}
