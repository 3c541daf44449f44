import type { Split, TreeModel } from './model.ts'
import { ZERO } from './model.ts'
import type { Node } from './onnx.ts'
import { node, scalar } from './onnx.ts'

/** What a split reads: the value as it came, NaN in place of zero, or the value cut to an integer. */
const KINDS = ['plain', 'zero as missing', 'category'] as const
type Kind = (typeof KINDS)[number]

/** The matrix that the trees read: one block of all features for each kind of reading that the model has. */
export interface Columns {
  readonly output: string
  readonly nodes: readonly Node[]
  /** The column that this split reads. */
  column(split: Split): number
}

/** Prepares `input` for the model's splits. */
export function columns({ features, trees }: TreeModel, input: string): Columns {
  const used = new Set(trees.flatMap((tree) => tree.splits.map(kindOf)))
  const blocks = KINDS.filter((kind) => used.has(kind))
  const parts = blocks.map((kind) => block(kind, input))
  const joined = parts.length > 1
  return {
    output: joined ? 'columns' : (parts[0]?.output ?? input),
    nodes: [
      ...parts.flatMap(({ nodes }) => nodes),
      ...(joined
        ? [
            node(
              'Concat',
              parts.map(({ output }) => output),
              'columns',
              1,
            ),
          ]
        : []),
    ],
    column: (split) => blocks.indexOf(kindOf(split)) * features.length + split.feature,
  }
}

function kindOf(split: Split): Kind {
  if (split.kind === 'categorical') return 'category'
  return split.missing === 'zero' ? 'zero as missing' : 'plain'
}

function block(kind: Kind, input: string): Pick<Columns, 'output' | 'nodes'> {
  if (kind === 'plain') return { output: input, nodes: [] }
  if (kind === 'zero as missing') {
    return {
      output: 'zero_as_missing',
      nodes: [
        scalar(ZERO, 'zero'),
        scalar(Number.NaN, 'missing'),
        node('Abs', [input], 'distance_from_zero'),
        node('LessOrEqual', ['distance_from_zero', 'zero'], 'is_zero'),
        node('Where', ['is_zero', 'missing', input], 'zero_as_missing'),
      ],
    }
  }
  // A C++ cast to int cuts towards zero: -0.5 is category 0.
  return {
    output: 'category',
    nodes: [
      node('Sign', [input], 'sign'),
      node('Abs', [input], 'size'),
      node('Floor', ['size'], 'whole_size'),
      node('Mul', ['sign', 'whole_size'], 'category'),
    ],
  }
}
