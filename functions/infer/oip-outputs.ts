import { PlatformError } from 'mezz/errors'
import { pointer } from 'mezz/validate'
import { labels } from './labels.ts'
import type { Output, TensorMetadata } from './oip-schema.ts'
import type { Package } from './package.ts'
import type { Scorer, Scores } from './scorer.ts'

type Signature = Package['signature']

/** What a model gives: `label`, `probabilities` [N, K] in the order of its classes and `raw`, or `value` and `raw`. */
export function outputsOf({ signature, rawWidth }: Pick<Scorer, 'signature' | 'rawWidth'>): TensorMetadata[] {
  if (signature.task === 'regression') {
    return [
      { name: 'value', datatype: 'FP64', shape: [-1] },
      { name: 'raw', datatype: 'FP64', shape: [-1, rawWidth] },
    ]
  }
  const { classes } = signature
  return [
    { name: 'label', datatype: labelType(classes), shape: [-1] },
    { name: 'probabilities', datatype: 'FP64', shape: [-1, classes.length] },
    { name: 'raw', datatype: 'FP64', shape: [-1, rawWidth] },
  ]
}

/** The output tensors that were asked for, in that order: all where none was named. */
export function outputs(
  scorer: Scorer,
  scores: Scores,
  asked: readonly { readonly name: string }[] | undefined,
): Output[] {
  const all = outputsOf(scorer)
  const chosen = (asked ?? all).map(({ name }, at) => {
    const found = all.find((one) => one.name === name)
    if (found) return found
    const reason = `the model has no output ${name}; it has ${all.map((one) => one.name).join(', ')}`
    throw new PlatformError('invalid_input', reason, {
      errors: [{ pointer: pointer(['outputs', at, 'name']), reason }],
    })
  })
  return chosen.map(({ name, datatype, shape: [, ...rest] }) => ({
    name,
    datatype,
    shape: [scores.rows, ...rest],
    data: dataOf(name, scorer.signature, scores, datatype),
  }))
}

function dataOf(name: string, signature: Signature, scores: Scores, datatype: Output['datatype']): Output['data'] {
  if (name === 'raw') return Array.from(scores.raw)
  if (name !== 'label' || signature.task === 'regression') return Array.from(scores.values)
  const found = labels(signature.classes, scores)
  return datatype === 'BYTES' ? found.map(String) : found
}

/** Labels of several types go as their texts. */
function labelType(classes: readonly (string | number | boolean)[]): Output['datatype'] {
  const [type, ...others] = new Set(classes.map((label) => typeof label))
  return others.length > 0 || (type !== 'number' && type !== 'boolean') ? 'BYTES' : type === 'number' ? 'FP64' : 'BOOL'
}
