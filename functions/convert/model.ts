/** How a numerical split treats NaN and zero (LightGBM's `MissingType`): `none` reads NaN as 0, `zero` sends NaN and |x| ≤ ZERO the default way, `nan` NaN alone. */
export type Missing = 'none' | 'zero' | 'nan'

/** LightGBM's `kZeroThreshold`, 1e-35 as a float, as a double. */
export const ZERO = Math.fround(1e-35)

interface Branches {
  readonly feature: number
  /** The next split, or `~leaf`. */
  readonly left: number
  readonly right: number
}

/** Left if `x <= threshold`. */
export interface NumericalSplit extends Branches {
  readonly kind: 'numerical'
  readonly threshold: number
  readonly defaultLeft: boolean
  readonly missing: Missing
}

/** Left if `x`, cut to an integer, is one of `categories`; missing goes right. */
export interface CategoricalSplit extends Branches {
  readonly kind: 'categorical'
  /** Ascending. */
  readonly categories: readonly number[]
}

export type Split = NumericalSplit | CategoricalSplit

/** A tree of one leaf has no split; else split 0 is the root and there is one leaf more than splits. */
export interface Tree {
  readonly splits: readonly Split[]
  /** Scores of the leaves, shrinkage (and dart's weights) in them already. */
  readonly leaves: readonly number[]
}

/** From raw scores to outputs; `slope` is LightGBM's `sigmoid` parameter. */
export type Link =
  | { readonly kind: 'identity' }
  | { readonly kind: 'signed square' }
  | { readonly kind: 'sigmoid'; readonly slope: number }
  | { readonly kind: 'softmax' }
  | { readonly kind: 'exp' }
  | { readonly kind: 'log1p exp' }

/** What a LightGBM model file says, as far as predictions hang on it. */
export interface TreeModel {
  readonly features: readonly string[]
  /** As the file names it, with its parameters: `binary sigmoid:1`; empty for a custom one. */
  readonly objective: string
  readonly link: Link
  /** Raw scores per row; tree `i` adds to score `i % scores`. */
  readonly scores: number
  /** Raw scores are divided by this before the link: the trees per score where the file averages (random forests), else 1. */
  readonly divisor: number
  readonly trees: readonly Tree[]
}
