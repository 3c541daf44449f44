import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import * as z from 'zod'
import { convert } from '../../functions/convert/convert.ts'
import { proveRaw, RawReference } from '../../functions/convert/prove-raw.ts'
import { onnxruntimeModels } from '../../runtime/adapters/onnxruntime.ts'
import { Signature } from '../../triggers/events.ts'
import { errorOf, files, runScript, withoutPython } from '../functions/train/script/job.ts'
import { churnTable } from './churn.ts'
import { CACHE } from './run.ts'

const PACKAGES = 'scikit-learn\npandas\nlightgbm\nxgboost-cpu\nonnxruntime\n'
const CHURN = churnTable(800)
const CELLS = readFileSync(new URL('../data/breast-cancer.csv', import.meta.url), 'utf8')

const CELL = `import pandas as pd
data = pd.read_csv('numbers.csv')
X, y = data.drop(columns='target'), data.target
`
const CUSTOMER = `import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
data = pd.read_csv('numbers.csv')
X, y = data.drop(columns=['churned', 'since']), data.churned
numbers = ('numbers', make_pipeline(SimpleImputer(), StandardScaler()), ['tenure', 'monthly fee'])
plan = ('plan', OneHotEncoder(handle_unknown='ignore'), ['plan', 'region'])
region = ('region', make_pipeline(SimpleImputer(strategy='most_frequent'), OneHotEncoder()), ['region'])
words = ('words', TfidfVectorizer(), 'note')
`
const REGRESSION = { table: CELLS, target: 'mean_area', task: 'regression' } as const

interface Case {
  readonly what: string
  readonly source: string
  readonly table: string
  readonly target: string
  readonly task?: 'regression'
}

const cell = (what: string, source: string): Case => ({ what, source: CELL + source, table: CELLS, target: 'target' })
const customer = (what: string, source: string): Case => ({
  what,
  source: CUSTOMER + source,
  table: CHURN,
  target: 'churned',
})

const CASES: readonly Case[] = [
  customer(
    'a forest behind a scaler, whose thresholds lie between rows',
    `from sklearn.ensemble import RandomForestClassifier
model = make_pipeline(ColumnTransformer([numbers, plan, region, words]), RandomForestClassifier(60, random_state=1))
import mezz; mezz.save(model.fit(X, y))`,
  ),
  customer(
    'a histogram booster',
    `from sklearn.ensemble import HistGradientBoostingClassifier
columns = ColumnTransformer([('as it is', 'passthrough', ['tenure', 'monthly fee', 'senior']), plan], sparse_threshold=0)
import mezz; mezz.save(make_pipeline(columns, HistGradientBoostingClassifier()).fit(X, y))`,
  ),
  customer(
    'LightGBM in a pipeline',
    `from lightgbm import LGBMClassifier
model = make_pipeline(ColumnTransformer([numbers, plan], remainder='drop'), LGBMClassifier(verbosity=-1))
import mezz; mezz.save(model.fit(X, y))`,
  ),
  customer(
    'a model of one text',
    `from sklearn.linear_model import LogisticRegression
model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression()).fit(X.note, y)
import mezz; mezz.save(model, columns=['note'])`,
  ),
  cell(
    'a pipeline fitted on an array',
    `from sklearn.ensemble import GradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
model = make_pipeline(StandardScaler(), GradientBoostingClassifier()).fit(X.to_numpy(), y)
import mezz; mezz.save(model, {'accuracy': model.score(X.to_numpy(), y), 'odd': float('nan')})`,
  ),
  cell(
    'XGBoost, whose classes are codes',
    `import xgboost
model = xgboost.XGBClassifier(n_estimators=40).fit(X, (y == 'malignant').astype(int))
import mezz; mezz.save(model, classes=['benign', 'malignant'])`,
  ),
  {
    what: 'a regression by a forest',
    source: `${CELL}from sklearn.ensemble import RandomForestRegressor
X = data.drop(columns=['target', 'mean_area'])
import mezz; mezz.save(RandomForestRegressor(40, random_state=1).fit(X, data.mean_area))`,
    ...REGRESSION,
  },
  {
    what: 'a LightGBM Booster',
    source: `${CELL}import lightgbm
columns = ['mean_radius', 'mean_texture', 'mean_perimeter']
model = lightgbm.train({'objective': 'regression', 'verbosity': -1}, lightgbm.Dataset(data[columns], data.mean_area), 30)
import mezz; mezz.save(model, {'rounds': 30})`,
    ...REGRESSION,
  },
  cell(
    'a graph that the script made itself',
    `from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
model = LogisticRegression(max_iter=5000).fit(X.to_numpy('float32'), y)
graph = to_onnx(model, X.to_numpy('float32')[:1], options={'zipmap': False})
with open('mine.onnx', 'wb') as file: file.write(graph.SerializeToString())
import mezz; mezz.save('mine.onnx'); mezz.save(graph)`,
  ),
]

const FAULTS: readonly (readonly [what: string, source: string, reason: RegExp])[] = [
  [
    'whose columns were made outside of it',
    `from sklearn.linear_model import LogisticRegression
wide = pd.get_dummies(X[['plan', 'senior']])
import mezz; mezz.save(LogisticRegression().fit(wide, y))`,
    /the model takes plan_basic, plan_gold, plan_élan, which the dataset does not have: .* scikit-learn Pipeline/,
  ],
  [
    'whose values were changed outside of it',
    `from sklearn.linear_model import LogisticRegression
coded = X[['plan', 'tenure']].assign(plan=X.plan.astype('category').cat.codes)
import mezz; mezz.save(LogisticRegression().fit(coded, y))`,
    /cannot predict rows of the dataset as they are: what is done to its columns must lie in the model/,
  ],
  [
    'that gives no probabilities',
    `from sklearn.svm import LinearSVC
import mezz; mezz.save(make_pipeline(ColumnTransformer([plan]), LinearSVC()).fit(X, y))`,
    /Pipeline gives no probabilities: put it into a CalibratedClassifierCV/,
  ],
  [
    'that reads what it foretells',
    `from sklearn.linear_model import LogisticRegression
import mezz; mezz.save(make_pipeline(ColumnTransformer([('all', OneHotEncoder(), ['churned'])]), LogisticRegression()).fit(data, y))`,
    /the model takes churned, the very column that it is to foretell/,
  ],
]

describe('a model saved by its library’s own exporter', { skip: withoutPython, timeout: 900_000 }, () => {
  const models = onnxruntimeModels()
  after(() => models.close())
  const run = (source: string, { table, target, task }: Pick<Case, 'table' | 'target' | 'task'>) =>
    runScript(files({ 'train.py': source, 'requirements.txt': PACKAGES }), {
      table,
      target,
      task: task ?? 'classification',
      cache: CACHE,
      installer: Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? ''])),
    })

  for (const { what, source, ...about } of CASES) {
    it(`says what the library says: ${what}`, async (t) => {
      const job = await run(source, about)

      assert.equal(errorOf(job), '')
      const text = job.outputs['model.txt']
      const reference: unknown = JSON.parse(job.outputs['reference.json'] ?? '')
      const proof =
        text === undefined
          ? await proveRaw(
              await models.load(job.graph ?? new Uint8Array()),
              Signature.parse(JSON.parse(job.outputs['signature.json'] ?? '')),
              RawReference.parse(reference),
            )
          : (await convert(models, text, () => rawScores(reference))).proof
      t.diagnostic(`${proof.rows} rows, apart by ${proof.maxAbsoluteDifference}`)
      // Single precision: of values near 1 so much, of areas up to 2501 as much of the largest.
      assert.ok(proof.maxAbsoluteDifference <= (about.task === 'regression' ? 2501e-6 : 1e-6))
    })
  }

  for (const [what, source, reason] of FAULTS) {
    it(`is refused with a word what to do: one ${what}`, async () => {
      const job = await run(CUSTOMER + source, { table: CHURN, target: 'churned' })

      assert.match(errorOf(job), reason)
    })
  }
})

function rawScores(reference: unknown) {
  const { rows, raw } = z
    .object({ rows: z.array(z.array(z.number().nullable())), raw: z.array(z.array(z.number())) })
    .parse(reference)
  return { rows: rows.map((row) => row.map((value) => value ?? Number.NaN)), raw }
}
