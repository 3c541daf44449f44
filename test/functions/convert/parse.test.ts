import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseModel } from '../../../functions/convert/parse.ts'
import { readCase } from './cases.ts'

const { text } = readCase('iris')
const mixed = readCase('mixed').text

it('reads a file with Windows line ends alike', () => {
  assert.deepEqual(parseModel(mixed.replaceAll('\n', '\r\n')), parseModel(mixed))
})

it('reads categories, missing types and default directions', () => {
  const [tree] = parseModel(mixed).trees

  assert.deepEqual(tree?.splits[1], { kind: 'categorical', feature: 1, categories: [1, 4], left: 7, right: 3 })
  assert.deepEqual(
    tree?.splits
      .slice(3, 6)
      .map((split) => split.kind === 'numerical' && [split.threshold, split.missing, split.defaultLeft]),
    [
      [Number.POSITIVE_INFINITY, 'nan', false],
      [0.99390874709402832, 'nan', true],
      [-1.2511660571367957, 'nan', true],
    ],
  )
})

it('reads a tree of one leaf', () => {
  const lone = text.replace(/Tree=0\n[\s\S]*?\n\n/, 'Tree=0\nnum_leaves=1\nnum_cat=0\nleaf_value=0.5\nshrinkage=1\n\n')

  assert.deepEqual(parseModel(lone).trees[0], { splits: [], leaves: [0.5] })
})

for (const [what, changed, reason] of [
  ['another file', 'PK\u0003\u0004', /not a LightGBM model/],
  ['an older format', text.replace('version=v4', 'version=v2'), /header: version=v2/],
  ['a file that is cut off in a tree', text.slice(0, text.length / 2), /end of trees/],
  [
    'a file without its last tree',
    text.replace(/Tree=59\n[\s\S]*?(?=end of trees)/, ''),
    /59 trees where tree_sizes names 60/,
  ],
  ['linear trees', text.replace('is_linear=0', 'is_linear=1'), /tree 0: it is a linear tree/],
  ['an objective nobody knows', text.replace('objective=multiclass', 'objective=mystery'), /objective mystery/],
  ['a number that is none', text.replace('threshold=2', 'threshold=x'), /tree 0: threshold holds x/],
  ['a list that is too short', text.replace('left_child=-1 -2', 'left_child=-1'), /tree 0: 1 values of left_child/],
  ['a branch that leads back', text.replace('left_child=-1 -2', 'left_child=-1 0'), /tree 0: branch 0 of split 1/],
  ['a leaf that hangs twice', text.replace('left_child=-1 -2', 'left_child=-2 -2'), /makes no tree/],
  ['a feature it does not have', text.replace('split_feature=2 0', 'split_feature=2 4'), /split_feature 4 of 4/],
  ['a missing type nobody knows', text.replace('decision_type=2 2', 'decision_type=2 14'), /decision_type 14/],
  ['a set of categories that is not there', mixed.replace('num_cat=2', 'num_cat=0'), /no set of categories 0/],
  [
    'a leaf without a finite value',
    text.replace('leaf_value=-0', 'leaf_value=nan -0').replace(/ -1\.\d+\n/, '\n'),
    /not finite/,
  ],
] as const) {
  it(`refuses ${what}, and says where`, () => {
    assert.throws(() => parseModel(changed), { code: 'unprocessable', message: reason })
  })
}
