import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import * as z from 'zod'
import { convert } from '../../functions/convert/convert.ts'
import { leafOf, outputs, rawScores } from '../../functions/convert/evaluate.ts'
import { parseModel } from '../../functions/convert/parse.ts'
import { onnxruntimeModels } from '../../runtime/adapters/onnxruntime.ts'
import { difference } from '../functions/convert/cases.ts'

const Value = z.union([
  z.number(),
  z.enum(['inf', '-inf', 'nan']).transform((word) => Number(word.replace('inf', 'Infinity'))),
])
const Table = z.array(z.array(Value))
const Answers = z.object({ rows: Table, raw: Table, output: Table, leaves: Table })

const python = process.env['LIGHTGBM_PYTHON']

describe('LightGBM itself', { skip: python ? false : 'LIGHTGBM_PYTHON names no Python that has it' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'lightgbm-'))
  const models = onnxruntimeModels()
  after(async () => {
    rmSync(folder, { recursive: true })
    await models.close()
  })
  if (python)
    execFileSync(python, [new URL('train-with-lightgbm.py', import.meta.url).pathname, folder], { stdio: 'inherit' })

  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
    it(`and the converted model agree: ${file.slice(0, -4)}`, async () => {
      const text = readFileSync(join(folder, file), 'utf8')
      const answers = Answers.parse(JSON.parse(readFileSync(join(folder, file.replace(/txt$/, 'json')), 'utf8')))
      const { rows, raw, output, leaves } = answers
      const model = parseModel(text)

      assert.deepEqual(
        rows.map((row) => model.trees.map((tree) => leafOf(tree, row))),
        leaves,
      )
      assert.ok(
        difference(
          leaves.map((row) => rawScores(model, row)),
          raw,
        ) <= 1e-12,
      )
      assert.ok(
        difference(
          raw.map((row) => outputs(model, row)),
          output,
        ) <= 1e-12,
      )
      const { proof } = await convert(models, text, () => ({ rows, raw }))
      assert.ok(proof.rows >= rows.length)
    })
  }
})
