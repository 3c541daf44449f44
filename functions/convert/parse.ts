import { PlatformError } from 'mezz/errors'
import type { TreeModel } from './model.ts'
import { objectiveLink } from './objective.ts'
import { parseTree } from './parse-tree.ts'
import { refuse, section } from './section.ts'

const VERSION = 'v4'

/** Reads a LightGBM model file (text format v4); what cannot be converted faithfully is `unprocessable`, with its reason. */
export function parseModel(text: string): TreeModel {
  const [head = '', ...blocks] = text.split(/^(?=Tree=\d+\r?$)/m)
  if (!/^tree\r?\n/.test(head)) {
    throw new PlatformError('unprocessable', 'not a LightGBM model: the first line of its text format is `tree`')
  }
  const header = section('header', head)
  const version = header.text('version')
  if (version !== VERSION) refuse('header', `version=${version}: LightGBM's text format ${VERSION} is understood`)

  const last = blocks.at(-1) ?? head
  if (!/^end of trees\r?$/m.test(last)) refuse('end', 'the file is cut off: no line `end of trees`')

  const features = header.text('feature_names').split(' ')
  const width = header.integer('max_feature_idx') + 1
  if (features.length !== width)
    refuse('header', `${features.length} feature_names where max_feature_idx says ${width}`)

  const scores = header.integer('num_tree_per_iteration')
  if (scores < 1) refuse('header', `num_tree_per_iteration=${scores}`)
  const expected = header.words('tree_sizes').length
  if (blocks.length !== expected) refuse('header', `${blocks.length} trees where tree_sizes names ${expected}`)
  if (blocks.length === 0 || blocks.length % scores !== 0) {
    refuse('header', `${blocks.length} trees cannot be shared out among ${scores} scores`)
  }

  const objective = header.has('objective') ? header.text('objective') : ''
  return {
    features,
    objective,
    link: objectiveLink(objective, scores),
    scores,
    divisor: header.has('average_output') ? blocks.length / scores : 1,
    trees: blocks.map((block, index) => parseTree(block, index, width)),
  }
}
