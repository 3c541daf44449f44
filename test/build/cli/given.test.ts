import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as wholeText } from 'node:stream/consumers'
import { after, describe, it } from 'node:test'
import { duration, UsageError, whole, words } from '../../../build/cli/command.ts'
import { findPlatform } from '../../../build/cli/find-platform.ts'
import { givenBody } from '../../../build/cli/given-body.ts'
import { headersOf } from '../../../build/cli/invoke.ts'

const folder = mkdtempSync(join(tmpdir(), 'cli-given-'))
after(() => rmSync(folder, { recursive: true }))

describe('the body that -d gives', () => {
  it('is the text as it stands, JSON where it parses as JSON', async () => {
    assert.deepEqual(await givenBody('{"a": 1}'), { body: '{"a": 1}', type: 'application/json' })
    assert.deepEqual(await givenBody('a,b'), { body: 'a,b', type: 'text/plain;charset=UTF-8' })
  })

  for (const [name, type] of [
    ['a.csv', 'text/csv'],
    ['a.CSV', 'text/csv'],
    ['a.ndjson', 'application/x-ndjson'],
    ['a.jsonl', 'application/x-ndjson'],
    ['a.parquet', 'application/vnd.apache.parquet'],
    ['a.json', 'application/json'],
    ['a', 'application/octet-stream'],
  ] as const) {
    it(`is a file's bytes, of the type that ${name} tells`, async () => {
      const file = join(folder, name)
      writeFileSync(file, 'x,y\n')

      const { body, type: found, bytes } = await givenBody(`@${file}`)

      assert.equal(found, type)
      assert.equal(bytes, 4)
      assert.equal(typeof body === 'string' ? body : await wholeText(body), 'x,y\n')
    })
  }

  it('is refused where there is no such file', async () => {
    await assert.rejects(givenBody(`@${folder}/none.csv`), /there is no file .*none\.csv/)
    await assert.rejects(givenBody(`@${folder}`), UsageError)
  })
})

describe('what a command is given', () => {
  it('is headers by lower-case name', () => {
    assert.deepEqual(headersOf(['X-One: a: b', 'accept:text/csv']), { 'x-one': 'a: b', accept: 'text/csv' })
    assert.throws(() => headersOf(['X-One']), /X-One is no header/)
  })

  it('is as many words as it takes', () => {
    words(['a', 'b'], { needed: ['function'], more: 1 })
    assert.throws(() => words([], { needed: ['function'] }), /a function is missing/)
    assert.throws(() => words(['a', 'b'], { needed: ['function'] }), /it takes no b/)
  })

  it('is numbers and durations', () => {
    assert.equal(whole('20', 1), 20)
    for (const wrong of ['0', '-1', '1.5', 'x', '']) assert.throws(() => whole(wrong, 1), UsageError)
    assert.deepEqual(['30s', '500ms', '2m', '7'].map(duration), [30_000, 500, 120_000, 7000])
  })

  it('finds the platform by URL, else by the data folder, else at its usual port', async () => {
    const data = join(folder, 'data')
    assert.equal(await findPlatform({ url: 'http://10.0.0.1:9/', data }), 'http://10.0.0.1:9')
    assert.equal(await findPlatform({ data }), 'http://127.0.0.1:8080')
    await assert.rejects(findPlatform({ url: 'localhost:8080' }), UsageError)
  })
})
