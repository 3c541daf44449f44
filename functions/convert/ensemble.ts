import type { Columns } from './columns.ts'
import type { CategoricalSplit, Split, Tree, TreeModel } from './model.ts'
import type { Attribute, Node } from './onnx.ts'

/** `nodes_modes` of TreeEnsemble (https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html). */
const LESS_OR_EQUAL = 0
const MEMBER = 6

/** What a leaf adds, and to which output column. */
export interface LeafValues {
  readonly targets: number
  target(tree: number): number
  weight(tree: Tree, leaf: number): number
}

/** Each leaf's score, summed up for each score of the model. */
export function scoreValues({ scores }: TreeModel): LeafValues {
  return { targets: scores, target: (tree) => tree % scores, weight: (tree, leaf) => tree.leaves[leaf] ?? 0 }
}

/** Each leaf's index, one column a tree. */
export function indexValues({ trees }: TreeModel): LeafValues {
  return { targets: trees.length, target: (tree) => tree, weight: (_, leaf) => leaf }
}

/** The model's trees as one `TreeEnsemble` call that reads `columns`. */
export function ensemble(model: TreeModel, columns: Columns, values: LeafValues, output: string): Node {
  const splits: FlatSplit[] = []
  const leaves: { target: number; weight: number }[] = []
  const roots: number[] = []

  for (const [index, tree] of model.trees.entries()) {
    const firstSplit = splits.length
    const firstLeaf = leaves.length
    const branch = (child: number) => ({ leaf: child < 0, to: child < 0 ? firstLeaf + ~child : firstSplit + child })
    roots.push(firstSplit)
    for (const split of tree.splits) {
      splits.push({ split, column: columns.column(split), left: branch(split.left), right: branch(split.right) })
    }
    if (tree.splits.length === 0) splits.push({ split: EITHER_WAY, column: 0, left: branch(~0), right: branch(~0) })
    for (const leaf of tree.leaves.keys()) {
      leaves.push({ target: values.target(index), weight: values.weight(tree, leaf) })
    }
  }

  const sets = splits.flatMap(({ split }) => (split.kind === 'categorical' ? members(split) : []))
  const attributes: Record<string, Attribute> = {
    n_targets: values.targets,
    tree_roots: roots,
    nodes_featureids: splits.map(({ column }) => column),
    nodes_modes: vector(
      'uint8',
      splits.map(({ split }) => (split.kind === 'numerical' ? LESS_OR_EQUAL : MEMBER)),
    ),
    nodes_splits: vector(
      'float64',
      splits.map(({ split }) => (split.kind === 'numerical' ? split.threshold : 0)),
    ),
    nodes_missing_value_tracks_true: splits.map(({ split }) => (missingGoesLeft(split) ? 1 : 0)),
    nodes_truenodeids: splits.map(({ left }) => left.to),
    nodes_trueleafs: splits.map(({ left }) => (left.leaf ? 1 : 0)),
    nodes_falsenodeids: splits.map(({ right }) => right.to),
    nodes_falseleafs: splits.map(({ right }) => (right.leaf ? 1 : 0)),
    leaf_targetids: leaves.map(({ target }) => target),
    leaf_weights: vector(
      'float64',
      leaves.map(({ weight }) => weight),
    ),
    ...(sets.length > 0 ? { membership_values: vector('float64', sets) } : {}),
  }
  return { operator: 'TreeEnsemble', ml: true, inputs: [columns.output], output, attributes }
}

interface FlatSplit {
  readonly split: Split
  readonly column: number
  readonly left: { readonly leaf: boolean; readonly to: number }
  readonly right: { readonly leaf: boolean; readonly to: number }
}

/** In a tree of one leaf: the operator wants a split, so both branches lead to that leaf. */
const EITHER_WAY: Split = {
  kind: 'numerical',
  feature: 0,
  threshold: 0,
  defaultLeft: true,
  missing: 'nan',
  left: ~0,
  right: ~0,
}

/** The categories and the NaN that ends them; ONNX Runtime wants at least one, so none at all is one that no whole number equals. */
function members({ categories }: CategoricalSplit): number[] {
  return [...(categories.length > 0 ? categories : [0.5]), Number.NaN]
}

/** NaN where the columns have it: `none` reads it as 0, so that the threshold decides. */
function missingGoesLeft(split: Split): boolean {
  if (split.kind === 'categorical') return false
  return split.missing === 'none' ? 0 <= split.threshold : split.defaultLeft
}

function vector(element: 'uint8' | 'float64', data: readonly number[]): Attribute {
  return { element, shape: [data.length], data }
}
