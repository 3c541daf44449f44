import assert from 'node:assert/strict'
import { access, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import type { Objects, Tables } from '../../runtime/ports.ts'
import { seeded } from '../seeded.ts'

const EDGES = [
  0,
  -0,
  0.1,
  1 / 3,
  5e-324,
  -5e-324,
  2.2250738585072014e-308,
  1.7976931348623157e308,
  9007199254740992,
  1e21,
  1e22,
  123456.7,
  -1e-7,
]

/** Doubles of random bits, the same each time, none infinite. */
function randomDoubles(count: number): number[] {
  const random = seeded(11)
  const words = new Uint32Array(2)
  const double = new Float64Array(words.buffer)
  const draw = (): number => {
    words.set([random() * 2 ** 32, random() * 2 ** 32])
    const value = double[0] ?? 0
    return Number.isFinite(value) ? value : draw()
  }
  return Array.from({ length: count }, draw)
}

/** What every Tables adapter owes its callers; `open` gives one over an empty object store. */
export function testTables(name: string, open: () => { readonly tables: Tables; readonly objects: Objects }): void {
  describe(`tables: ${name}`, () => {
    it('answers rows as JSON values, to the last bit', async () => {
      const { tables } = open()

      const [row] = await tables.open({}, (session) =>
        session.query(
          `select 1 as small, 9007199254740993::bigint as large, 0.1::double as tenth, '-0'::double as zero, true as yes,
          'a''b年' as text, null as nothing, 'nan'::double as nan, 1.25::decimal(9, 2) as exact,
          timestamp '2024-01-05 08:30:00.000001' as time`,
        ),
      )

      assert.deepEqual(row, {
        small: 1,
        large: '9007199254740993',
        tenth: 0.1,
        zero: -0,
        yes: true,
        text: "a'b年",
        nothing: null,
        nan: null,
        exact: 1.25,
        time: '2024-01-05T08:30:00.000001Z',
      })
    })

    it('binds values to question marks, integers fit for a limit', async () => {
      const { tables } = open()

      const rows = await tables.open({}, (session) =>
        session.query('select i, ? as a, ? as b, ? as c, ? as d from range(5) t(i) where i > ? limit ?', [
          "x'; drop",
          1.5,
          false,
          null,
          1,
          2,
        ]),
      )

      assert.deepEqual(rows, [
        { i: 2, a: "x'; drop", b: 1.5, c: false, d: null },
        { i: 3, a: "x'; drop", b: 1.5, c: false, d: null },
      ])
    })

    it('stores a select in its order, and reads several parts as one table, in theirs', async () => {
      const { tables, objects } = open()

      const parts = await tables.open({}, async (session) => [
        await session.store(`select i, 'n' || i as "名 ""x""" from range(300000) t(i) order by i desc`),
        await session.store(`select i, 'm' || i as "名 ""x""" from range(2) t(i)`),
      ])
      const read = await tables.open({ 'the table': parts }, async (session) => ({
        ends: await session.query(`select i, "名 ""x""" as n from "the table" limit 2`),
        last: await session.query(`select i, "名 ""x""" as n from "the table" limit 2 offset 299999`),
        count: await session.query('select count(*) as n from "the table"'),
      }))

      assert.deepEqual(
        parts.map(({ rows }) => rows),
        [300000, 2],
      )
      assert.deepEqual(read.ends, [
        { i: 299999, n: 'n299999' },
        { i: 299998, n: 'n299998' },
      ])
      assert.deepEqual(read.last, [
        { i: 0, n: 'n0' },
        { i: 0, n: 'm0' },
      ])
      assert.deepEqual(read.count, [{ n: 300002 }])
      const [part] = parts
      assert.equal((await objects.read(part?.name ?? ''))?.bytes, part?.bytes)
    })

    it('gives the rows of a SELECT some at a time, in their order and as query gives them', async () => {
      const { tables } = open()
      const select = `select i, i / 7 as q, case when i % 3 = 0 then null else 'n' || i end as "名",
        timestamp '2024-01-05 08:30:00' + to_days(i::integer) as t from range(10000) t(i)`

      const { each, whole } = await tables.open({}, async (session) => {
        const each: object[][] = []
        for await (const rows of session.each(select)) each.push(rows)
        return { each, whole: await session.query(select) }
      })

      assert.ok(each.length > 1 && each.every((rows) => rows.length > 0 && rows.length <= 5000))
      assert.deepEqual(each.flat(), whole)
    })

    it('takes another statement after the rows were left in their midst, and says what is wrong with one', async () => {
      const { tables } = open()

      await tables.open({}, async (session) => {
        for await (const rows of session.each<{ i: number }>('select i from range(10000) t(i)')) {
          assert.equal(rows[0]?.i, 0)
          break
        }
        assert.deepEqual(await session.query('select 1 as one'), [{ one: 1 }])
        await assert.rejects(session.each('select nothing')[Symbol.asyncIterator]().next(), /nothing/)
      })
    })

    it('stores CSV whose numbers read back as the same doubles, missing as empty, texts in quotes where they need them', async () => {
      const { tables, objects } = open()
      const numbers = [...EDGES, ...randomDoubles(2000)]

      const { rows, ...ref } = await tables.open({}, async (session) => {
        await session.query('create table t (i bigint, d double, s varchar, b boolean)')
        const literals = numbers.map(
          (value, i) => `(${i}, '${Object.is(value, -0) ? '-0' : value}'::double, null, ${i % 2 === 0})`,
        )
        await session.query(`insert into t values ${literals.join(', ')}`)
        await session.query(
          `insert into t values (-1, null, '', null), (-2, null, 'a "b", c' || chr(10) || '年', null)`,
        )
        return session.store('select d, s, b from t order by i', { format: 'csv' })
      })

      const found = await objects.read(ref.name)
      const csv = found ? await text(found.body) : ''
      assert.equal(rows, numbers.length + 2)
      assert.ok(csv.startsWith('d,s,b\n,"a ""b"", c\n年",\n,"",\n'), csv.slice(0, 60))
      const fields = csv.trimEnd().split('\n').slice(-numbers.length)
      fields.forEach((line, i) => {
        const [field = '', ...rest] = line.split(',')
        assert.ok(Object.is(Number(field), numbers[i]), `${numbers[i]} came as ${field}`)
        assert.deepEqual(rest, ['', String(i % 2 === 0)])
      })
    })

    it('gives the same blob for the same rows', async () => {
      const { tables } = open()
      const store = () => tables.open({}, (session) => session.store('select i, i / 7 as q from range(1000) t(i)'))

      assert.deepEqual(await store(), await store())
    })

    it('reads and writes files in the session’s folder, which goes with it', async () => {
      const { tables } = open()
      let folder = ''

      const rows = await tables.open({}, async (session) => {
        folder = session.folder
        await writeFile(join(folder, 'a.csv'), 'a,b\n1,x\n')
        return session.query(`select * from read_csv('${join(folder, 'a.csv')}')`)
      })

      assert.deepEqual(rows, [{ a: 1, b: 'x' }])
      await assert.rejects(access(folder))
    })

    it('lets no statement out of the session’s folder, nor into the network', async () => {
      const { tables } = open()
      const attempts = [
        `select * from read_text('/etc/hostname')`,
        `copy (select 1) to '/tmp/mezz-escaped.csv'`,
        `attach '/tmp/mezz-escaped.db'`,
        'install httpfs',
        'set enable_external_access = true',
        `select * from read_csv('http://127.0.0.1:9/a.csv')`,
      ]

      await tables.open({}, async (session) => {
        for (const attempt of attempts) await assert.rejects(session.query(attempt), attempt)
        await assert.rejects(
          session.query(`select * from read_text('${session.folder}/../../../../../../../etc/hostname')`),
        )
      })
    })

    it('keeps sessions apart', async () => {
      const { tables } = open()

      const seen = await Promise.all(
        [1, 2].map((n) =>
          tables.open({}, async (session) => {
            await session.query(`create table t as select ${n} as n`)
            return session.query('select * from t')
          }),
        ),
      )

      assert.deepEqual(seen, [[{ n: 1 }], [{ n: 2 }]])
    })

    it('spills what exceeds its memory, and ends with the same rows', async () => {
      const { tables } = open()

      const [found] = await tables.open({}, (session) =>
        session.query(
          `select count(*) as n, min(d) as least from (select distinct hash(i)::varchar || repeat('x', 40) as d from range(2000000) t(i) order by d)`,
        ),
      )

      assert.equal(Object.values(found ?? {})[0], 2_000_000)
    })

    it('rejects when an input is not there, and when the work throws, and leaves nothing behind', async () => {
      const { tables } = open()
      const missing = { name: 'blobs/none', sha256: '0'.repeat(64), bytes: 1 }
      let folder = ''

      await assert.rejects(
        tables.open({ t: [missing] }, async () => undefined),
        { code: 'not_found' },
      )
      await assert.rejects(
        tables.open({}, async (session) => {
          folder = session.folder
          await session.query('select 1')
          throw new Error('the work failed')
        }),
        /the work failed/,
      )
      await assert.rejects(access(folder))
    })
  })
}
