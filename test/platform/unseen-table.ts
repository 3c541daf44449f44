import { seeded } from '../seeded.ts'

/** A table that nobody has seen, with something to learn in it. */
export interface UnseenTable {
  readonly name: string
  readonly task: 'classification' | 'regression'
  readonly target: string
  readonly bytes: Uint8Array
  /** Rows as a caller of predict has them: texts as they stand in the file; empty = missing. */
  readonly rows: readonly Readonly<Record<string, string>>[]
}

/** Numbers, categories, truth values and times, some missing, under Chinese names; every second one in GBK. */
export function unseenTable(seed: number): UnseenTable {
  const random = seeded(seed)
  const pick = <item>(items: readonly [item, ...item[]]): item => items[Math.floor(random() * items.length)] ?? items[0]
  const task = seed % 2 === 0 ? 'classification' : 'regression'
  const classes = pick([
    ['是', '否'],
    ['低', '中', '高'],
    ['0', '1', '2', '3'],
    ['true', 'false'],
  ])
  const missing = random() * 0.3
  const maybe = (text: string): string => (random() < missing ? pick(['', '', 'NA']) : text)

  const rows = Array.from({ length: 150 + Math.floor(random() * 350) }, () => {
    const length = random() * 10 - 5
    const city = pick(['北京', '上海', '广州', '成都'])
    const isNew = random() < 0.5
    const month = 1 + Math.floor(random() * 12)
    const signal = length + (city === '北京' ? 3 : 0) + (isNew ? 1 : -1) + (month > 6 ? 2 : 0) + random()
    const rank = Math.min(classes.length - 1, Math.max(0, Math.floor(((signal + 4) / 12) * classes.length)))
    return {
      长度: maybe(String(length)),
      城市: random() < missing ? '' : city,
      'is "new"': maybe(String(isNew)),
      日期: maybe(`2024-${String(month).padStart(2, '0')}-${String(1 + Math.floor(random() * 28)).padStart(2, '0')}`),
      n: maybe(String(Math.floor(random() * 7))),
      目标: task === 'classification' ? (classes[rank] ?? '') : String(signal),
    }
  })
  const names = ['长度', '城市', 'is "new"', '日期', 'n', '目标'] as const
  const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const text = [names.map(cell), ...rows.map((row) => names.map((name) => cell(row[name])))]
    .map((line) => line.join(','))
    .join('\n')
  return { name: `unseen-${seed}`, task, target: '目标', bytes: seed % 4 < 2 ? gbk(text) : Buffer.from(text), rows }
}

/** The text in GBK: Node reads it but does not write it, so each character is looked up among all two-byte codes. */
function gbk(text: string): Uint8Array {
  return Buffer.concat([...text].map((character) => CODES.get(character) ?? Buffer.from(character, 'latin1')))
}

const CODES = new Map<string, Buffer>()
const decoder = new TextDecoder('gbk')
for (let lead = 0x81; lead <= 0xfe; lead++) {
  for (let trail = 0x40; trail <= 0xfe; trail++) {
    const code = Buffer.from([lead, trail])
    const character = decoder.decode(code)
    if ([...character].length === 1 && character !== '\ufffd') CODES.set(character, code)
  }
}
