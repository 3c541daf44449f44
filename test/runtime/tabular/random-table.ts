import { seeded } from '../../seeded.ts'

export interface RandomTable {
  readonly names: readonly string[]
  /** Texts as they stand in a CSV. */
  readonly rows: readonly (readonly string[])[]
}

/** A table of numbers, truth values, times and categories of many spellings, some missing, its columns named in several scripts. */
export function randomTable(seed: number): RandomTable {
  const random = seeded(seed)
  const pick = <item>(items: readonly [item, ...item[]]): item => items[Math.floor(random() * items.length)] ?? items[0]
  const digits = (count: number) => Array.from({ length: count }, () => Math.floor(random() * 10)).join('')
  const two = (below: number, from = 0) => String(from + Math.floor(random() * (below - from))).padStart(2, '0')

  const makers: readonly [string, () => string][] = [
    [
      '长度',
      () =>
        pick([`${random() * 10 ** Math.floor(random() * 8)}`, `-${random()}`, '-0', '0', '1e300', `.${digits(20)}`]),
    ],
    [
      'exponent',
      () =>
        `${pick(['', '-', '+'])}${Math.floor(random() * 9)}.${digits(17)}${pick(['e', 'E'])}${pick(['', '-', '+'])}${two(300)}`,
    ],
    [
      'count "n"',
      () => pick([`${Math.floor(random() * 1e15)}`, '5.', ' 7 ', '4.9e-324', '1e-400', '123456789012345000000']),
    ],
    ['是否', () => pick(['true', 'false', 'TRUE', 'False', ' tRuE'])],
    ['day', () => `${1900 + Math.floor(random() * 200)}-${two(13, 1)}-${two(29, 1)}`],
    [
      '时间.year',
      () =>
        `${two(100, 19)}${two(100)}/${Math.floor(1 + random() * 12)}/${Math.floor(1 + random() * 28)} ${two(24)}:${two(60)}:${two(60)}`,
    ],
    [
      '时间',
      () =>
        `${pick(['0001', '1582', '1969', '1970', '2024', '9998'])}-${two(13, 1)}-${two(29, 1)}${pick(['T', ' '])}${two(24)}:${two(60)}:${two(60)}` +
        `${pick(['', '.5', `.${digits(6)}`, `.${digits(9)}`])}${pick(['', 'Z', '+08:00', '-0530', ' +14', '-00:01'])}`,
    ],
    ['城市', () => pick(['北京', '上海', "it's", 'a,b', 'x"y', ' padded ', 'NA', 'null', '1', 'line\nbreak'])],
    ['id', () => `00${digits(8)}`],
    ['empty', () => ''],
  ]
  const columns = makers.filter(() => random() < 0.8)
  const missing = ['', 'NA', 'NaN', 'null', 'N/A', 'None', '', '']
  const share = random() < 0.3 ? 0 : random() * 0.5
  const rows = Array.from({ length: 1 + Math.floor(random() * 200) }, () =>
    columns.map(([, make]) => (random() < share ? (missing[Math.floor(random() * missing.length)] ?? '') : make())),
  )
  return { names: columns.map(([name]) => name), rows }
}

/** RFC 4180, every field in quotes. */
export function csvOf({ names, rows }: RandomTable): string {
  return [names, ...rows].map((row) => `${row.map((text) => `"${text.replaceAll('"', '""')}"`).join(',')}\n`).join('')
}
