import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { defineEvent } from 'mezz/event'
import type { Objects, Sql } from 'mezz/ports'
import { event } from 'mezz/validate'
import * as z from 'zod'
import { setup } from '../../build/testkit/setup.ts'
import { uuidv7 } from '../../runtime/uuid.ts'

const told = defineEvent({
  type: 'toy.told.v1',
  topic: 'toys',
  data: z.object({ word: z.string() }),
  key: ({ word }) => word,
})

const folder = mkdtempSync(join(tmpdir(), 'twice-'))
mkdirSync(join(folder, 'schema'))
writeFileSync(
  join(folder, 'schema', '001-words.sql'),
  'create table words (word text not null, n integer not null default 1)',
)
after(() => rmSync(folder, { recursive: true }))

type Work = (word: string, ports: { sql: Sql<string>; objects: Objects }) => Promise<unknown>

async function bring(work: Work) {
  const fn = defineFunction({
    name: 'words',
    summary: 'Keeps words',
    uses: ['sql', 'objects'],
    scope: 'words',
    app: (ports) =>
      new Hono().post('/events/told', event(told), async (c) => {
        await work(c.req.valid('json').word, ports)
        return c.body(null, 204)
      }),
  })
  const bench = await setup(fn, { twice: true, folder })
  try {
    return (await bench.deliver(told, { word: 'a' })).status
  } finally {
    await bench.close()
  }
}

describe('a handler that is run twice', () => {
  for (const [what, work] of Object.entries<Work>({
    'stores its row in its transaction': (word, { sql }) =>
      sql.transaction((tx) => tx.query`insert into words (word) values (${word})`),
    'keeps a fact before its transaction': async (word, { sql }) => {
      await sql.query`insert into words (word) select ${word} where not exists (select from words where word = ${word})`
      await sql.transaction((tx) => tx.query`update words set n = 2 where word = ${word}`)
    },
    'writes the same object each time': (word, { objects }) =>
      objects.write(`words/${word}`, new TextEncoder().encode(word)),
    'sets a row to the same without a transaction': (word, { sql }) =>
      sql.query`update words set n = 1 where word = ${word}`,
  })) {
    it(`passes when it ${what}`, async () => {
      assert.equal(await bring(work), 204)
    })
  }

  for (const [what, message, work] of [
    [
      'stores a row before its transaction',
      /leaves more behind each time its commit is cut, in words\.words/,
      async (word, { sql }) => {
        await sql.query`insert into words (word) values (${word})`
        await sql.transaction((tx) => tx.query`select 1`)
      },
    ],
    [
      'doubles a row without a transaction',
      /had a second effect when its event came again, in words\.words/,
      (word, { sql }) => sql.query`insert into words (word) values (${word})`,
    ],
    [
      'counts in a row without a transaction',
      /second effect .*words\.words/,
      async (word, { sql }) => {
        const counted = await sql.query`update words set n = n + 1 where word = ${word} returning 1`
        if (counted.length === 0) await sql.query`insert into words (word) values (${word})`
      },
    ],
    [
      'writes another object each time',
      /second effect .*its objects/,
      (word, { objects }) => objects.write(`words/${uuidv7()}`, new TextEncoder().encode(word)),
    ],
    [
      'hides that its commit failed',
      /answered 204 although its commit was cut/,
      (word, { sql }) =>
        sql.transaction((tx) => tx.query`insert into words (word) values (${word})`).catch(() => undefined),
    ],
  ] satisfies readonly (readonly [string, RegExp, Work])[]) {
    it(`fails when it ${what}`, async () => {
      await assert.rejects(bring(work), message)
    })
  }
})
