import { PlatformError } from 'mezz/errors'

const MOST_ROWS = 10_000
const MISSING = ['', 'na', 'nan', 'null']

/** Numeric rows of a CSV, NaN where a cell is empty, `NA`, `NaN` or `null`: in the model's order, or in any under a header that names its features. */
export function parseSamples(text: string, features: readonly string[]): number[][] {
  const lines = text.split(/\r?\n/).map((line, at) => ({ number: at + 1, line, cells: line.split(',').map(plain) }))
  const filled = lines.filter(({ line }) => line.trim() !== '')
  const [first] = filled
  const header = first?.cells.some((cell) => numberOf(cell) === undefined) ? first.cells : undefined
  const data = header ? filled.slice(1) : filled
  if (data.length > MOST_ROWS) {
    throw new PlatformError('too_large', `${data.length} sample rows, at most ${MOST_ROWS} are taken`)
  }
  const places = header ? features.map((feature) => placeOf(feature, header)) : [...features.keys()]
  const width = header?.length ?? features.length
  return data.map(({ number, cells }) => {
    if (cells.length !== width) refuse(`line ${number}`, `${cells.length} values where ${width} belong`)
    return places.map((place) => {
      const cell = cells[place] ?? ''
      return numberOf(cell) ?? refuse(`line ${number}`, `${JSON.stringify(cell)} is no number`)
    })
  })
}

function placeOf(feature: string, header: readonly string[]): number {
  // LightGBM writes names with a blank as an underscore.
  const place = header.findIndex((name) => name.replaceAll(/\s/g, '_') === feature)
  return place >= 0 ? place : refuse('line 1', `no column ${feature}, which the model reads`)
}

function plain(cell: string): string {
  return cell.trim().replace(/^"(.*)"$/, '$1')
}

function numberOf(cell: string): number | undefined {
  if (MISSING.includes(cell.toLowerCase())) return Number.NaN
  const number = Number(cell)
  return Number.isNaN(number) ? undefined : number
}

function refuse(pointer: string, reason: string): never {
  throw new PlatformError('unprocessable', `the samples are not rows of this model: ${pointer}: ${reason}`, {
    errors: [{ pointer, reason }],
  })
}
