import type { Missing, Split, Tree } from './model.ts'
import type { Section } from './section.ts'
import { refuse, section } from './section.ts'

// LightGBM's decision_type (its tree.h): bit 0 categorical, bit 1 default left, bits 2 and 3 the missing type.
const CATEGORICAL = 1
const DEFAULT_LEFT = 2
const MISSING: readonly Missing[] = ['none', 'zero', 'nan']

/** Reads one `Tree=…` block of a model with `width` features. */
export function parseTree(block: string, index: number, width: number): Tree {
  const lines = section(`tree ${index}`, block)
  if (lines.integer('Tree') !== index) refuse(lines.name, `it is called Tree=${lines.text('Tree')}`)
  if (lines.has('is_linear') && lines.integer('is_linear') !== 0) {
    refuse(lines.name, 'it is a linear tree (a regression in each leaf); train with linear_tree=false')
  }
  const leafCount = lines.integer('num_leaves')
  if (leafCount < 1) refuse(lines.name, `num_leaves=${leafCount}`)

  const leaves = lines.numbers('leaf_value', leafCount)
  if (leaves.some((value) => !Number.isFinite(value))) refuse(lines.name, 'a leaf_value is not finite')
  const tree = { leaves, splits: leafCount > 1 ? parseSplits(lines, leafCount - 1, width) : [] }
  demandTree(lines.name, tree)
  return tree
}

function parseSplits(lines: Section, count: number, width: number): Split[] {
  const features = lines.integers('split_feature', count)
  const thresholds = lines.numbers('threshold', count)
  const decisions = lines.integers('decision_type', count)
  const lefts = lines.integers('left_child', count)
  const rights = lines.integers('right_child', count)
  const sets = categorySets(lines)

  return Array.from({ length: count }, (_, at) => {
    const [feature = 0, threshold = 0, decision = 0, left = 0, right = 0] = [
      features[at],
      thresholds[at],
      decisions[at],
      lefts[at],
      rights[at],
    ]
    if (feature < 0 || feature >= width) refuse(lines.name, `split_feature ${feature} of ${width} features`)
    if (decision & CATEGORICAL) {
      const categories = sets[threshold] ?? refuse(lines.name, `no set of categories ${threshold}`)
      return { kind: 'categorical', feature, categories, left, right }
    }
    if (Number.isNaN(threshold)) refuse(lines.name, 'a threshold is not a number')
    const missing = MISSING[(decision >> 2) & 3] ?? refuse(lines.name, `decision_type ${decision}`)
    const defaultLeft = (decision & DEFAULT_LEFT) !== 0
    return { kind: 'numerical', feature, threshold, defaultLeft, missing, left, right }
  })
}

/** Set `i` is the bitset of the 32-bit words from boundary `i` to the next. */
function categorySets(lines: Section): number[][] {
  const count = lines.integer('num_cat')
  if (count === 0) return []
  const boundaries = lines.integers('cat_boundaries', count + 1)
  const words = lines.integers('cat_threshold', boundaries[count] ?? 0)
  return Array.from({ length: count }, (_, set) =>
    words.slice(boundaries[set], boundaries[set + 1]).flatMap((word, at) => bits(word).map((bit) => at * 32 + bit)),
  )
}

function bits(word: number): number[] {
  return Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => (word >>> bit) & 1)
}

/** Every split but the first and every leaf hangs on exactly one branch, below an earlier split: no circle, nothing lost. */
function demandTree(name: string, { splits, leaves }: Tree): void {
  const seen = new Set<number>(splits.length > 0 ? [0] : [~0])
  for (const [at, { left, right }] of splits.entries()) {
    for (const child of [left, right]) {
      const known = child >= 0 ? child > at && child < splits.length : ~child < leaves.length
      if (!known || seen.has(child)) refuse(name, `branch ${child} of split ${at} makes no tree`)
      seen.add(child)
    }
  }
  if (seen.size !== splits.length + leaves.length) refuse(name, 'some of it hangs on no branch')
}
