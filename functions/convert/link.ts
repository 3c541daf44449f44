import type { Link } from './model.ts'
import type { Node } from './onnx.ts'
import { node, scalar } from './onnx.ts'

/** The nodes from `scores` to `output`, step by step as the trainer computes the link. */
export function linkNodes(link: Link, scores: string, output: string): Node[] {
  switch (link.kind) {
    case 'identity':
      return [node('Identity', [scores], output)]
    case 'signed square':
      return [node('Abs', [scores], 'distance'), node('Mul', [scores, 'distance'], output)]
    case 'exp':
      return [node('Exp', [scores], output)]
    case 'softmax':
      return [node('Softmax', [scores], output, 1)]
    case 'log1p exp':
      return [
        scalar(1, 'one'),
        node('Exp', [scores], 'power'),
        node('Add', ['one', 'power'], 'more'),
        node('Log', ['more'], output),
      ]
    case 'sigmoid':
      return [
        scalar(1, 'one'),
        scalar(-link.slope, 'minus_slope'),
        node('Mul', [scores, 'minus_slope'], 'exponent'),
        node('Exp', ['exponent'], 'power'),
        node('Add', ['one', 'power'], 'more'),
        node('Div', ['one', 'more'], output),
      ]
  }
}
