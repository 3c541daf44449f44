/** A second, naive reader of LightGBM's text format, made from its documentation and real files alone. */
export function readLightgbmText(text: string) {
  const [header = '', ...rest] = text.split('\n\n')
  const fields = (block: string) =>
    new Map(block.split('\n').map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]))
  const trees =
    rest
      .join('\n\n')
      .split('end of trees')[0]
      ?.split(/Tree=\d+\n/)
      .slice(1)
      .map(fields) ?? []
  const numbers = (tree: Map<string, string>, name: string) => {
    const values = tree.get(name) ?? ''
    return values === ''
      ? []
      : values.split(' ').map((value) => (value === 'inf' ? Number.POSITIVE_INFINITY : Number(value)))
  }
  return {
    header: fields(header),
    trees: trees.map((tree) => ({
      feature: numbers(tree, 'split_feature'),
      threshold: numbers(tree, 'threshold'),
      decision: numbers(tree, 'decision_type'),
      left: numbers(tree, 'left_child'),
      right: numbers(tree, 'right_child'),
      leafValue: numbers(tree, 'leaf_value'),
      leafCount: numbers(tree, 'leaf_count'),
      innerCount: numbers(tree, 'internal_count'),
    })),
  }
}

/** The raw scores of one row, for each output. */
export function scoreLightgbm(
  { header, trees }: ReturnType<typeof readLightgbmText>,
  row: readonly number[],
): number[] {
  const scores = Array.from({ length: Number(header.get('num_tree_per_iteration')) }, () => 0)
  for (const [index, tree] of trees.entries()) {
    let node = tree.feature.length === 0 ? -1 : 0
    while (node >= 0) {
      const decision = tree.decision[node] ?? 0
      const given = row[tree.feature[node] ?? 0] ?? Number.NaN
      const missing = (decision >> 2) & 3
      const value = Number.isNaN(given) && missing !== 2 ? 0 : given
      const isMissing = (missing === 2 && Number.isNaN(value)) || (missing === 1 && Math.abs(value) <= 1e-35)
      const left = isMissing ? (decision & 2) > 0 : value <= (tree.threshold[node] ?? 0)
      node = (left ? tree.left : tree.right)[node] ?? -1
    }
    const output = index % scores.length
    scores[output] = (scores[output] ?? 0) + (tree.leafValue[~node] ?? 0)
  }
  return scores
}
