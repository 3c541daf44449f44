import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { rawScores } from '../../../../functions/train/gbdt/ensemble.ts'
import { fit } from '../../../../functions/train/gbdt/fit.ts'
import { parseParameters } from '../../../../functions/train/gbdt/parameters.ts'
import { toLightgbmText } from '../../../../functions/train/gbdt/text.ts'
import { readLightgbmText, scoreLightgbm } from '../lightgbm-text.ts'
import { randomTable } from '../tables.ts'

const oracle = (file: string) => readFileSync(new URL(`../../../oracle/lightgbm/${file}`, import.meta.url), 'utf8')

describe('toLightgbmText', () => {
  for (const task of ['regression', 'binary', 'multiclass'] as const) {
    it(`gives ${task} models whose text scores every row the same, to the last bit`, () => {
      for (const [seed, rows, settings] of [
        [1, 2, {}],
        [2, 70, {}],
        [3, 900, {}],
        [4, 900, { leaves: 200, minDataInLeaf: 2, bins: 16, lambda: 1, learningRate: 0.7 }],
      ] as const) {
        const parameters = parseParameters({ rounds: 15, ...settings })
        const ensemble = fit(randomTable(seed, rows, task), { task, classes: 3, parameters })
        const { columns } = randomTable(seed + 100, 250, task)

        const model = readLightgbmText(toLightgbmText(ensemble, parameters))

        const read = Array.from({ length: 250 }, (_, row) =>
          scoreLightgbm(
            model,
            columns.map(({ values }) => values[row] ?? 0),
          ),
        )
        assert.deepEqual([...rawScores(ensemble, columns)], read.flat())
      }
    })
  }

  it('is the same text, byte for byte, for the same table', () => {
    const parameters = parseParameters({ rounds: 20 })
    const text = () =>
      toLightgbmText(fit(randomTable(9, 500, 'multiclass'), { task: 'multiclass', classes: 3, parameters }), parameters)

    assert.equal(text(), text())
  })

  it('measures its trees as LightGBM does and has the fields of real files', () => {
    const parameters = parseParameters({ rounds: 4 })
    const ensemble = fit(randomTable(9, 500, 'multiclass'), { task: 'multiclass', classes: 3, parameters })

    const ours = toLightgbmText(ensemble, parameters)

    const theirs = oracle('iris.txt')
    for (const text of [ours, theirs]) {
      const sizes = readLightgbmText(text).header.get('tree_sizes')?.split(' ').map(Number) ?? []
      let start = text.indexOf('Tree=0')
      for (const [index, size] of sizes.entries()) {
        assert.ok(text.startsWith(`Tree=${index}\n`, start))
        start += size
      }
      assert.ok(text.startsWith('end of trees\n', start))
    }
    const fields = (text: string) => [...(text.split('\n\n\n')[0] ?? '').matchAll(/^\w+(?==)/gm)].map(String)
    assert.deepEqual(fields(ours), fields(theirs))
  })

  it('keeps names that the format cannot hold out of it', () => {
    const parameters = parseParameters({ rounds: 1 })
    const ensemble = fit(randomTable(9, 500, 'binary'), { task: 'binary', parameters })

    const names = readLightgbmText(toLightgbmText(ensemble, parameters)).header.get('feature_names')

    assert.equal(names, 'Column_0 Column_1 Column_2 Column_3 Column_4 Column_5 Column_6 Column_7')
    assert.equal(ensemble.features[1]?.name, 'large, "missing": often')
  })

  it('is held against a reader that scores real files of LightGBM as it does', () => {
    for (const name of ['breast-cancer', 'iris', 'zero-as-missing']) {
      const model = readLightgbmText(oracle(`${name}.txt`))
      const [, ...rows] = oracle(`${name}.rows.csv`).trim().split('\n')
      const cells = rows.map((row) => row.split(',').map((cell) => (cell.trim() === '' ? Number.NaN : Number(cell))))

      assert.deepEqual(
        cells.flatMap((row) => scoreLightgbm(model, row)),
        JSON.parse(oracle(`${name}.expected.json`)).raw.flat(),
      )
    }
  })
})
