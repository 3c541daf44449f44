import type { Link } from './model.ts'
import { refuse } from './section.ts'

const IDENTITY = [
  'regression',
  'regression_l1',
  'huber',
  'fair',
  'quantile',
  'mape',
  'lambdarank',
  'rank_xendcg',
  'custom',
  '',
]
const EXP = ['poisson', 'gamma', 'tweedie']

/** The link of an objective as a model file writes it (`binary sigmoid:1`), LightGBM's `ConvertOutput`. */
export function objectiveLink(objective: string, scores: number): Link {
  const [name = '', ...options] = objective.split(' ')
  if (name === 'multiclass') {
    if (option(options, 'num_class', scores) !== scores) refuse('header', `${objective}, but ${scores} trees a round`)
    return { kind: 'softmax' }
  }
  if (name === 'binary' || name === 'multiclassova') return { kind: 'sigmoid', slope: option(options, 'sigmoid', 1) }
  if (name === 'cross_entropy') return { kind: 'sigmoid', slope: 1 }
  if (name === 'cross_entropy_lambda') return { kind: 'log1p exp' }
  if (EXP.includes(name)) return { kind: 'exp' }
  if (IDENTITY.includes(name)) return { kind: options.includes('sqrt') ? 'signed square' : 'identity' }
  return refuse('header', `the objective ${name} is not known`)
}

function option(options: readonly string[], name: string, otherwise: number): number {
  const found = options.find((option) => option.startsWith(`${name}:`))
  const value = found === undefined ? otherwise : Number(found.slice(name.length + 1))
  return Number.isFinite(value) ? value : refuse('header', `objective option ${found}`)
}
