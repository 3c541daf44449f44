import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { LabelType } from '../../../../functions/train/gbdt/labels.ts'
import { readTable } from '../../../../functions/train/gbdt/read-table.ts'
import { define } from '../../../../runtime/tabular/definition.ts'

const definition = define(
  [
    { name: 'y', type: 'number' },
    { name: 'n', type: 'number', nulls: 1 },
    { name: 'c', type: 'text' },
    { name: 'b', type: 'boolean' },
  ],
  { target: 'y' },
)

describe('read-table', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mezz-read-table-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function read(lines: readonly string[], holdout = 0.5, target: LabelType = 'number') {
    const path = join(folder, 'in.csv')
    await writeFile(path, ['c0,c1,c2,c3,c4', ...lines, ''].join('\n'))
    return readTable(path, { definition, target, holdout })
  }

  it('gives each feature its type, missing ones as null', async () => {
    const { training } = await read([
      '1,0.1,false,"a ""b""",true',
      '2,1,false,x,false',
      '3,,true,"",',
      '4,1,false,,true',
    ])

    assert.deepEqual(training, {
      rows: [
        [0.1, false, 'a "b"', true],
        [null, true, '', null],
      ],
      labels: [1, 3],
    })
  })

  for (const [holdout, every] of [
    [0.2, 5],
    [0.5, 2],
    [0.3, 3],
    [0.01, 100],
    [0.35, 3],
  ] as const) {
    it(`holds out each row whose index leaves ${every - 1} of ${every} where the share is ${holdout}`, async () => {
      const rows = Array.from({ length: 203 }, (_, at) => at)

      const { training, holdout: held } = await read(
        rows.map((at) => `${at},1,false,x,true`),
        holdout,
      )

      assert.deepEqual(
        held.labels,
        rows.filter((at) => at % every === every - 1),
      )
      assert.deepEqual(
        training.labels,
        rows.filter((at) => at % every !== every - 1),
      )
    })
  }

  it('leaves out rows without a target, which count for the index', async () => {
    const table = await read(['0,1,false,x,true', ',1,false,x,true', '2,1,false,x,true', '3,1,false,x,true'])

    assert.deepEqual([table.training.labels, table.holdout.labels, table.unlabelled], [[0, 2], [3], 1])
  })

  for (const [what, lines, message] of [
    ['no row', [], /^PlatformError: 0 rows, 0 of them without y, are too few to learn from and to hold some out$/],
    ['one row', ['1,1,false,x,true'], /1 rows, 0 of them without y, are too few/],
    ['no target at all', [',1,false,x,true', ',1,false,x,true'], /2 rows, 2 of them without y, are too few/],
  ] as const) {
    it(`refuses a table with ${what}`, async () => {
      await assert.rejects(read(lines), message)
    })
  }
})
