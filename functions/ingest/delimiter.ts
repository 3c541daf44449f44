const CANDIDATES = [',', ';', '\t', '|']

/** The delimiter of a CSV by its first lines: the one that parts the header, and the lines after it alike. */
export function findDelimiter(head: string): string {
  const lines = firstRecords(head)
  const scores = CANDIDATES.map((delimiter) => {
    const [header = 1, ...rest] = lines.map((line) => fields(line, delimiter))
    const alike = rest.filter((count) => count === header).length / Math.max(1, rest.length)
    return { delimiter, header, alike }
  }).filter(({ header }) => header > 1)
  const [best] = scores.sort((a, b) => b.alike - a.alike || b.header - a.header)
  return best?.delimiter ?? ','
}

/** The records that are whole in it, twenty at most; a line break within quotes ends none. */
function firstRecords(head: string): string[] {
  const records: string[] = []
  let start = 0
  let quoted = false
  for (let i = 0; i < head.length && records.length < 20; i++) {
    if (head[i] === '"') quoted = !quoted
    else if (head[i] === '\n' && !quoted) {
      records.push(head.slice(start, i))
      start = i + 1
    }
  }
  if (records.length === 0) records.push(head)
  return records.filter((record) => record.trim() !== '')
}

function fields(record: string, delimiter: string): number {
  let count = 1
  let quoted = false
  for (const character of record) {
    if (character === '"') quoted = !quoted
    else if (character === delimiter && !quoted) count++
  }
  return count
}
