/** Rows as aligned columns under their heads, nothing where there are none; a column that is empty in every row is left out, numbers stand to the right. */
export function columns(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const kept = heads.map((_, at) => at).filter((at) => rows.some((row) => row[at]))
  const table = [heads, ...rows].map((row) => kept.map((at) => row[at] ?? ''))
  const widths = kept.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0)))
  const right = kept.map((at) => rows.every((row) => /^[\d.,]*( (ms|s|KiB|MiB))?$/.test(row[at] ?? '')))
  const lines = table.map((row) =>
    row.map((cell, at) => (right[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join('  '),
  )
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}
