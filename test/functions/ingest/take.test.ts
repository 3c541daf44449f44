import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { PlatformError } from '../../../runtime/errors.ts'
import { setupTables } from './tables.ts'

const { takeIn, rows, tables, objects } = setupTables()

const CHINESE = '年龄,城市\n31,北京\n28,上海\n,"㐀,x"\n'
/** `年龄,城市\n31,北京\n`, by Python's codec. */
const GB18030 = Buffer.from('c4eac1e42cb3c7cad00a33312cb1b1bea90a', 'hex')

describe('charset', () => {
  it('takes a UTF-8 text as it is: the digest is that of its bytes', async () => {
    const taken = await takeIn(CHINESE)

    assert.equal(taken.digest, `sha256:${createHash('sha256').update(CHINESE).digest('hex')}`)
    assert.equal(taken.bytes, Buffer.byteLength(CHINESE))
    assert.deepEqual(await rows(taken), [
      { 年龄: 31, 城市: '北京' },
      { 年龄: 28, 城市: '上海' },
      { 年龄: null, 城市: '㐀,x' },
    ])
  })

  for (const [name, bytes, type] of [
    ['UTF-8 with a mark', Buffer.from(`\ufeff${CHINESE}`)],
    ['UTF-16 LE with a mark', Buffer.from(`\ufeff${CHINESE}`, 'utf16le')],
    ['UTF-16 BE with a mark', Buffer.from(`\ufeff${CHINESE}`, 'utf16le').swap16()],
    ['UTF-16 LE by charset', Buffer.from(CHINESE, 'utf16le'), 'text/csv; charset=utf-16le'],
  ] as const) {
    for (const chunk of [1, 65_536]) {
      it(`takes ${name}, in chunks of ${chunk}, for the same table`, async () => {
        const taken = await takeIn(bytes, { chunk, type: type ?? 'text/csv' })

        assert.deepEqual(taken, await takeIn(CHINESE))
      })
    }
  }

  it('finds UTF-16 without a mark by its zeros', async () => {
    assert.equal((await takeIn(Buffer.from('a,b\n1,年\n', 'utf16le'))).columns[1]?.max, '年')
    assert.equal((await takeIn(Buffer.from('a,b\n1,年\n', 'utf16le').swap16())).columns[1]?.max, '年')
  })

  for (const charset of ['', '; charset=gbk', '; charset="GB18030"', '; charset=gb2312']) {
    for (const chunk of [1, 3, 65_536]) {
      it(`takes GB18030${charset}, in chunks of ${chunk}`, async () => {
        const taken = await takeIn(GB18030, { chunk, type: `text/csv${charset}` })

        assert.deepEqual(await rows(taken), [{ 年龄: 31, 城市: '北京' }])
      })
    }
  }

  it('finds GB18030 though its first character beyond ASCII comes after a mebibyte, across its border', async () => {
    for (const shift of [0, 1]) {
      const line = '1,abcdefgh\n'
      const ascii = `${'x'.repeat(shift)}a,b\n${line.repeat(Math.ceil((2 ** 20 - 30) / line.length))}2,${'z'.repeat(20)}`
      const bytes = Buffer.concat([
        Buffer.from(ascii),
        ...Array(40).fill(Buffer.from('b1b1bea9', 'hex')),
        Buffer.from('\n'),
      ])

      const taken = await takeIn(bytes)

      assert.equal(taken.columns[1]?.max, `${'z'.repeat(20)}${'北京'.repeat(40)}`)
    }
  })

  it('says on which line a text is neither UTF-8 nor GB18030', async () => {
    const bytes = Buffer.concat([Buffer.from('a,b\n1,年\n2,'), Buffer.from([0xff, 0xff]), Buffer.from('\n')])

    await assert.rejects(takeIn(bytes), refusal('unprocessable', '/line/3'))
    await assert.rejects(takeIn(bytes, { type: 'text/csv; charset=utf-8' }), refusal('unprocessable', '/line/3'))
    await assert.rejects(takeIn(bytes, { type: 'text/csv; charset=gbk' }), refusal('unprocessable', '/line/2'))
  })

  it('refuses a UTF-8 text that ends inside a character', async () => {
    await assert.rejects(
      takeIn(Buffer.from('a\n年').subarray(0, 4), { type: 'text/csv; charset=utf-8' }),
      refusal('unprocessable', '/line/2'),
    )
  })

  it('refuses a charset that nobody knows', async () => {
    await assert.rejects(takeIn('a\n1\n', { type: 'text/csv; charset=klingon' }), { code: 'unsupported_media_type' })
  })
})

describe('csv', () => {
  const line = (text: string) => Buffer.from(text)
  for (const [name, text, pointer] of [
    ['a row that is too short', 'a,b\n1,2\n3\n', '/line/3'],
    ['a row that is too long, after a field with line breaks', 'a,b\n1,"x\n\ny"\n3,4,5\n', '/line/5'],
    ['two columns of one name', 'a,b,a\n1,2,3\n', '/line/1'],
    ['two columns that differ in case', 'Age,age\n1,2\n', '/line/1'],
    ['a column without a name', 'a,,c\n1,2,3\n', '/line/1'],
    ['more columns than fit', `${Array.from({ length: 501 }, (_, i) => `c${i}`).join()}\n1\n`, '/line/1'],
    ['a header alone', 'a,b\n', '/line/2'],
    ['nothing at all', '', '/line/1'],
    ['an empty first line', '\na,b\n1,2\n', '/line/1'],
    ['a quote that nothing closes', 'a,b\n1,"2\n3,4\n', '/line/2'],
    ['text behind a closing quote', 'a,b\n1,"2"x\n', '/line/2'],
    ['a lone carriage return', 'a,b\n1,x\ry\n', '/line/2'],
    ['a zero character', 'a,b\n1,x\0y\n', '/line/2'],
  ] as const) {
    it(`refuses ${name}, with its line`, async () => {
      await assert.rejects(takeIn(line(text)), refusal('unprocessable', pointer))
    })
  }

  it('names every ragged row, up to twenty', async () => {
    const error = await takeIn(`a,b\n${'1\n1,2\n'.repeat(30)}`).catch((error: unknown) => error)

    assert.ok(error instanceof PlatformError)
    assert.equal(error.errors?.length, 20)
    assert.deepEqual(error.errors?.[1], { pointer: '/line/4', reason: 'has 1 field, the header has 2' })
  })

  for (const [name, text] of [
    ['CRLF', 'a,b\r\n1,"x ""y"""\r\n2,"p\r\nq"\r\n'],
    ['mixed line ends', 'a,b\n1,"x ""y"""\r\n2,"p\r\nq"\n'],
    ['semicolons', 'a;b\n1;"x ""y"""\n2;"p\r\nq"\n'],
    ['tabs', 'a\tb\n1\t"x ""y"""\n2\t"p\r\nq"\n'],
    ['bars', 'a|b\n1|"x ""y"""\n2|"p\r\nq"'],
    ['empty lines and no last line end', '"a","b"\n\n1,"x ""y"""\n\n2,"p\r\nq"'],
    ['spaces around names and behind quotes', ' a , b \n1,"x ""y"""  \n2,"p\r\nq"\n'],
  ] as const) {
    it(`reads ${name}`, async () => {
      const taken = await takeIn(text)

      assert.deepEqual(await rows(taken), [
        { a: 1, b: 'x "y"' },
        { a: 2, b: 'p\r\nq' },
      ])
    })
  }

  it('takes an empty line for a missing value where there is one column', async () => {
    const taken = await takeIn('a\n1\n\n3\n')

    assert.deepEqual(await rows(taken), [{ a: 1 }, { a: null }, { a: 3 }])
  })

  it('keeps the order of many rows', async () => {
    const taken = await takeIn(`i,j\n${Array.from({ length: 200_000 }, (_, i) => `${i},x${i}\n`).join('')}`)

    assert.equal(taken.rows, 200_000)
    const [wrong] = await tables.open({ data: [taken.part] }, (session) =>
      session.query(
        'select count(*) as n from (select i, row_number() over () - 1 as place from data) where i <> place',
      ),
    )
    assert.deepEqual(wrong, { n: 0 })
  })
})

describe('types', () => {
  for (const [type, values] of [
    [
      'number',
      ['1', '-2.5', '+3', '.5', '4.', '1e5', '-1E-3', ' 7 ', '0', '-0', '0.1', '1e-400', '100000000000000000000'],
    ],
    ['number', ['1', '', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None']],
    ['text', ['1', 'one']],
    ['text', ['1', '1e400']],
    ['text', ['1234567890123456', '1']],
    ['text', ['007', '008']],
    ['text', ['1,000', '2']],
    ['text', ['1_000', '2']],
    ['text', ['0x10', '2']],
    ['text', ['Infinity', '2']],
    ['number', ['999999999999999', '0.12345678901234567890']],
    ['boolean', ['true', 'False', 'TRUE', '', 'null']],
    ['text', ['true', 'yes']],
    ['text', ['true', '1']],
    ['time', ['2024-01-05', '2024/1/5', '2024/01/05 08:30:00', '2024-01-05T08:30:00.25+08:00', '1969-12-31 23:59', '']],
    ['time', ['2024-01-05T08:30Z', '0001-01-01', '9999-12-31T23:59:59.999999', '2024-02-29 8:05', 'NA']],
    ['text', ['2024-01-05', '2024-02-30']],
    ['text', ['2024-01-05', '2023-02-29']],
    ['text', ['2024-01-05', '2024-01-05 24:00:00']],
    ['text', ['2024-01-05', '2024-01/05']],
    ['text', ['08:30', '09:30']],
    ['text', ['', '', '']],
    ['text', ['NA', 'NA']],
  ] as const) {
    it(`takes ${values.map((value) => JSON.stringify(value)).join(' ')} for ${type}`, async () => {
      const taken = await takeIn(`k,v\n${values.map((value, i) => `${i},"${value}"\n`).join('')}`)

      assert.equal(taken.columns[1]?.type, type)
    })
  }

  it('changes its mind at a last row', async () => {
    const column = `1\n`.repeat(5000)

    assert.equal((await takeIn(`a\n${column}`)).columns[0]?.type, 'number')
    assert.equal((await takeIn(`a\n${column}x\n`)).columns[0]?.type, 'text')
    assert.equal((await takeIn(`a,b\n${',1\n'.repeat(5000)}2024-01-01,1\n`)).columns[0]?.type, 'time')
  })

  it('keeps a text column’s NA, and takes its empty texts for missing', async () => {
    const taken = await takeIn('k,v\n1,NA\n2,""\n3,x\n4,\n')

    assert.deepEqual(
      (await rows<{ v: string }>(taken)).map(({ v }) => v),
      ['NA', null, 'x', null],
    )
    assert.deepEqual(taken.columns[1], { name: 'v', type: 'text', nulls: 2, distinct: 2, min: 'NA', max: 'x' })
  })

  it('describes each column', async () => {
    const taken = await takeIn('n,b,t,s\n1.5,true,2024-01-05T08:30:00+08:00,x\nNA,false,2024-01-04,年\n-2,,,\n')

    assert.deepEqual(taken.columns, [
      { name: 'n', type: 'number', nulls: 1, distinct: 2, min: -2, max: 1.5 },
      { name: 'b', type: 'boolean', nulls: 1, distinct: 2, min: false, max: true },
      { name: 't', type: 'time', nulls: 1, distinct: 2, min: '2024-01-04T00:00:00Z', max: '2024-01-05T00:30:00Z' },
      { name: 's', type: 'text', nulls: 1, distinct: 2, min: 'x', max: '年' },
    ])
  })
})

describe('ndjson', () => {
  const type = 'application/x-ndjson'

  it('makes a column of each key, in the order of their first appearance', async () => {
    const text = '{"b":1,"年":"x,\\"y\\""}\n\n{"a":true,"b":2.5}\r\n{"b":null,"年":"","nested":{"p":[1]}}'

    const taken = await takeIn(text, { type })

    assert.deepEqual(await rows(taken), [
      { b: 1, 年: 'x,"y"', a: null, nested: null },
      { b: 2.5, 年: null, a: true, nested: null },
      { b: null, 年: null, a: null, nested: '{"p":[1]}' },
    ])
  })

  it('keeps the digits of long numbers', async () => {
    const taken = await takeIn('{"id":12345678901234567890}\n{"id":1}\n', { type })

    assert.deepEqual(await rows(taken), [{ id: '12345678901234567890' }, { id: '1' }])
  })

  for (const [name, text, pointer] of [
    ['no JSON', '{"a":1}\n{"a":\n', '/line/2'],
    ['no object', '{"a":1}\n[1]\n', '/line/2'],
    ['nothing', '\n', '/line/1'],
    ['an empty key', '{"":1}\n', '/line/1'],
  ] as const) {
    it(`refuses ${name}, with its line`, async () => {
      await assert.rejects(takeIn(text, { type }), refusal('unprocessable', pointer))
    })
  }
})

describe('parquet', () => {
  const type = 'application/vnd.apache.parquet'
  async function parquet(select: string): Promise<Uint8Array> {
    const { name } = await tables.open({}, (session) => session.store(select))
    const chunks: Uint8Array[] = []
    for await (const chunk of (await objects.read(name))?.body ?? []) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  it('keeps types, and what is no type of ours as text', async () => {
    const bytes =
      await parquet(`select 1::integer as i, 5::bigint as l, 9007199254740993::bigint as id, 1.5::float as f,
      'nan'::double as d, true as b, date '2024-01-05' as day, timestamptz '2024-01-05 08:30:00+08' as at,
      '007' as s, [1, 2] as list, 1.25::decimal(9, 2) as "价"`)

    const taken = await takeIn(bytes, { type })

    assert.deepEqual(await rows(taken), [
      {
        i: 1,
        l: 5,
        id: '9007199254740993',
        f: 1.5,
        d: null,
        b: true,
        day: '2024-01-05T00:00:00Z',
        at: '2024-01-05T00:30:00Z',
        s: '007',
        list: '[1, 2]',
        价: 1.25,
      },
    ])
    assert.equal(taken.digest, `sha256:${createHash('sha256').update(bytes).digest('hex')}`)
  })

  it('refuses what is none, what is cut, two columns of one name, and no rows', async () => {
    const bytes = await parquet('select 1 as a')

    await assert.rejects(takeIn('a\n1\n', { type }), { code: 'unprocessable' })
    await assert.rejects(takeIn(bytes.subarray(0, bytes.length - 9), { type }), { code: 'unprocessable' })
    await assert.rejects(takeIn(await parquet('select 1 as a where false'), { type }), { code: 'unprocessable' })
  })
})

describe('wrappings', () => {
  const csv = 'a,b\n1,年\n'

  for (const [name, body, sent] of [
    ['Content-Encoding: gzip', gzipSync(csv), { encoding: 'gzip' }],
    ['gzip as application/gzip', gzipSync(csv), { type: 'application/gzip' }],
    ['gzip as text/csv', gzipSync(csv), {}],
    ['a .gz sent with Content-Encoding: gzip', gzipSync(gzipSync(csv)), { encoding: 'gzip' }],
    ['two gzip members', Buffer.concat([gzipSync('a,b\n'), gzipSync('1,年\n')]), {}],
    ['gzip of ndjson as application/gzip', gzipSync('{"a":1,"b":"年"}\n'), { type: 'application/gzip' }],
    [
      'multipart',
      form([
        ['x', 'y'],
        ['file', csv, 'text/csv'],
      ]),
      multipart,
    ],
    ['multipart with gzip, untyped', form([['file', gzipSync(csv), 'application/octet-stream']]), multipart],
    ['multipart of ndjson', form([['file', '{"a":1,"b":"年"}', 'application/x-ndjson']]), multipart],
  ] as const) {
    for (const chunk of [1, 7, 65_536]) {
      it(`takes ${name} in chunks of ${chunk}`, async () => {
        const taken = await takeIn(body, { ...(typeof sent === 'function' ? sent() : sent), chunk })

        assert.deepEqual(await rows(taken), [{ a: 1, b: '年' }])
      })
    }
  }

  it('refuses a gzip stream that is cut or garbled, one that is none, and other encodings', async () => {
    const whole = gzipSync(csv)

    await assert.rejects(takeIn(whole.subarray(0, whole.length - 4)), { code: 'unprocessable' })
    await assert.rejects(takeIn(Buffer.concat([whole.subarray(0, 12), Buffer.alloc(30)])), { code: 'unprocessable' })
    await assert.rejects(takeIn(csv, { encoding: 'gzip' }), { code: 'unprocessable' })
    await assert.rejects(takeIn(csv, { encoding: 'br' }), { code: 'unsupported_media_type' })
  })

  it('refuses a body beyond the limit, and one that unpacks to far more than was sent', async () => {
    const limits = { bytes: 1_000_000, ratio: 10, free: 1000 }

    await assert.rejects(takeIn('a\n'.repeat(600_000), { limits }), { code: 'too_large' })
    await assert.rejects(takeIn(gzipSync('a\n'.repeat(100_000)), { limits }), { code: 'too_large' })
    await assert.rejects(takeIn(gzipSync('a\n'.repeat(600_000)), { limits: { ...limits, ratio: 1e9 } }), {
      code: 'too_large',
    })
  })

  it('refuses a form without the field, one that is cut, one without a boundary, and other media types', async () => {
    await assert.rejects(takeIn(form([['other', csv, 'text/csv']]), multipart()), refusal('invalid_input', '/file'))
    await assert.rejects(takeIn(form([['file', csv, 'text/csv']]).subarray(0, 90), multipart()), {
      code: 'invalid_input',
    })
    await assert.rejects(takeIn(csv, { type: 'multipart/form-data' }), { code: 'invalid_input' })
    await assert.rejects(takeIn(csv, { type: 'image/png' }), { code: 'unsupported_media_type' })
    await assert.rejects(takeIn(csv, { type: '' }), { code: 'unsupported_media_type' })
  })
})

function multipart() {
  return { type: 'multipart/form-data; boundary="--x-y"' }
}

function form(fields: readonly (readonly [string, string | Uint8Array, string?])[]): Buffer {
  const parts = fields.flatMap(([name, value, type]) => [
    Buffer.from(`----x-y\r\nContent-Disposition: form-data; name="${name}"${type ? '; filename="a"' : ''}\r\n`),
    Buffer.from(type ? `Content-Type: ${type}\r\n\r\n` : '\r\n'),
    Buffer.from(value),
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...parts, Buffer.from('----x-y--\r\n')])
}

function refusal(code: string, pointer: string) {
  return (error: unknown) => {
    assert.ok(error instanceof PlatformError, String(error))
    assert.equal(error.code, code, error.message)
    assert.equal(error.errors?.at(-1)?.pointer, pointer)
    return true
  }
}
