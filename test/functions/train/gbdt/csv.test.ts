import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readCsv } from '../../../../functions/train/gbdt/csv.ts'

const CHUNK = 1 << 20

describe('csv', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mezz-csv-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function read(text: string) {
    const path = join(folder, 'in.csv')
    await writeFile(path, text)
    const records: (string | null)[][] = []
    for await (const record of readCsv(path)) records.push(record)
    return records
  }

  for (const [what, text, records] of [
    [
      'fields and records',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a last record without its line end',
      'a,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'no field as missing, an empty text in quotes as such',
      ',""\n"",\n',
      [
        [null, ''],
        ['', null],
      ],
    ],
    ['a missing last field without a line end', 'a,', [['a', null]]],
    ['an empty text without a line end', '""', [['']]],
    ['quotes, commas and line ends in quotes', '"a""b","c,d","e\r\nf"\n', [['a"b', 'c,d', 'e\r\nf']]],
    ['nothing but quotes', '""""\n', [['"']]],
    [
      'CRLF',
      'a,b\r\n1,\r\n',
      [
        ['a', 'b'],
        ['1', null],
      ],
    ],
    ['a quote inside of a bare field as it is', '5" x\n', [['5" x']]],
    ['blanks as they are', ' a , b\n', [[' a ', ' b']]],
    ['all of Unicode', '年,😀\n', [['年', '😀']]],
    ['nothing', '', []],
  ] as const) {
    it(`reads ${what}`, async () => {
      assert.deepEqual(await read(text), records)
    })
  }

  for (const before of [3, 2, 1, 0]) {
    it(`reads quotes, line ends and characters of four bytes across a chunk’s end, ${before} bytes before it`, async () => {
      const long = 'x'.repeat(CHUNK - before - 1)

      for (const tail of ['""', '\r\n', '😀', '年']) {
        const held = tail === '""' ? '"' : tail
        assert.deepEqual(await read(`"${long}${tail}y",z\n1,2\n`), [
          [`${long}${held}y`, 'z'],
          ['1', '2'],
        ])
      }
      assert.deepEqual(await read(`${long},\n,""\n`), [
        [long, null],
        [null, ''],
      ])
    })
  }
})
