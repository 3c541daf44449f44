import type { Ensemble, Feature, Task, Tree } from './ensemble.ts'
import type { GbdtParameters } from './parameters.ts'

/** The model in LightGBM's text format v4, which LightGBM loads. Features are named `Column_0` and on: the format holds neither spaces nor most signs. */
export function toLightgbmText(ensemble: Ensemble, parameters: GbdtParameters): string {
  const { task, outputs, features, trees } = ensemble
  const blocks = trees.map((tree, index) => `Tree=${index}\n${block(tree, features)}\n\n`)
  return [
    'tree',
    'version=v4',
    `num_class=${outputs}`,
    `num_tree_per_iteration=${outputs}`,
    'label_index=0',
    `max_feature_idx=${features.length - 1}`,
    `objective=${objectiveOf(task, outputs)}`,
    `feature_names=${features.map((_, index) => nameOf(index)).join(' ')}`,
    `feature_infos=${features.map(({ range }) => (range ? `[${range.join(':')}]` : 'none')).join(' ')}`,
    `tree_sizes=${blocks.map((text) => text.length).join(' ')}`,
    '',
    `${blocks.join('')}end of trees`,
    '',
    'feature_importances:',
    ...importances(trees),
    '',
    'parameters:',
    '[boosting: gbdt]',
    `[objective: ${task}]`,
    `[num_iterations: ${parameters.rounds}]`,
    `[learning_rate: ${parameters.learningRate}]`,
    `[num_leaves: ${parameters.leaves}]`,
    `[max_depth: ${parameters.maxDepth ?? -1}]`,
    `[min_data_in_leaf: ${parameters.minDataInLeaf}]`,
    `[min_sum_hessian_in_leaf: ${parameters.minSumHessian}]`,
    `[lambda_l2: ${parameters.lambda}]`,
    `[max_bin: ${parameters.bins}]`,
    `[num_class: ${outputs}]`,
    '',
    'end of parameters',
    '',
  ].join('\n')
}

function block(tree: Tree, features: readonly Feature[]): string {
  const decisions = Array.from(tree.feature, (feature, node) => decisionOf(features[feature], tree.missingLeft[node]))
  return [
    `num_leaves=${tree.leafValue.length}`,
    'num_cat=0',
    `split_feature=${tree.feature.join(' ')}`,
    `split_gain=${rounded(tree.gain)}`,
    `threshold=${exact(tree.threshold)}`,
    `decision_type=${decisions.join(' ')}`,
    `left_child=${tree.left.join(' ')}`,
    `right_child=${tree.right.join(' ')}`,
    `leaf_value=${exact(tree.leafValue)}`,
    `leaf_weight=${exact(tree.leafWeight)}`,
    `leaf_count=${tree.leafCount.join(' ')}`,
    `internal_value=${rounded(tree.innerValue)}`,
    `internal_weight=${rounded(tree.innerWeight)}`,
    `internal_count=${tree.innerCount.join(' ')}`,
    'is_linear=0',
    `shrinkage=${tree.shrinkage}`,
    '',
  ].join('\n')
}

/** Bit 1: missing values go left; bits 2 and 3: what counts as missing (0 nothing, 2 NaN). */
function decisionOf(feature: Feature | undefined, missingLeft: number | undefined): number {
  return (missingLeft === 1 ? 2 : 0) | (feature?.missing ? 8 : 0)
}

function objectiveOf(task: Task, outputs: number): string {
  if (task === 'binary') return 'binary sigmoid:1'
  return task === 'multiclass' ? `multiclass num_class:${outputs}` : 'regression'
}

function nameOf(feature: number): string {
  return `Column_${feature}`
}

/** How often each feature splits, most often first. */
function importances(trees: readonly Tree[]): string[] {
  const splits = new Map<number, number>()
  for (const { feature } of trees) for (const index of feature) splits.set(index, (splits.get(index) ?? 0) + 1)
  return [...splits].sort(([a, m], [b, n]) => n - m || a - b).map(([index, count]) => `${nameOf(index)}=${count}`)
}

/** The shortest text that reads back as the same double. */
function exact(values: Float64Array): string {
  return Array.from(values, (value) => (value === Number.POSITIVE_INFINITY ? 'inf' : String(value))).join(' ')
}

function rounded(values: Float64Array): string {
  return Array.from(values, (value) => String(Number(value.toPrecision(6)))).join(' ')
}
