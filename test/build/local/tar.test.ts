import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { BLOCK, padding, tarHeader } from '../../../build/local/tar.ts'
import { readTar } from '../../../build/local/tar-read.ts'

const AT = 1_700_000_000
const LONG = `objects/${'ä'.repeat(120)}/${'n'.repeat(255)}`
const FILES = [
  ['a', 'x'],
  ['empty', ''],
  ['a whole block', 'b'.repeat(BLOCK)],
  ['数据/列=1\n2', 'names of any kind'],
  [LONG, 'a long name'],
] as const

const file = (path: string, content: string) => {
  const body = Buffer.from(content)
  return Buffer.concat([
    tarHeader({ path, kind: 'file', bytes: body.length }, AT),
    body,
    Buffer.alloc(padding(body.length)),
  ])
}
const folder = (path: string) => tarHeader({ path, kind: 'folder', bytes: 0 }, AT)
const END = Buffer.alloc(2 * BLOCK)
const whole = () =>
  Buffer.concat([folder('here'), folder(`${LONG}-folder`), ...FILES.map(([path, content]) => file(path, content)), END])

/** What lies in a tar that comes in pieces of so many bytes. */
async function read(bytes: Buffer, piece = 1000) {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
  }
  const found = []
  for await (const { path, kind, body } of readTar('x.tar', pieces())) found.push([path, kind, await text(body)])
  return found
}

describe('a tar', () => {
  it('gives back every name and every byte, in whatever pieces it comes', async () => {
    const expected = [
      ['here', 'folder', ''],
      [`${LONG}-folder`, 'folder', ''],
      ...FILES.map(([path, content]) => [path, 'file', content]),
    ]

    for (const piece of [1, 7, BLOCK, 1_000_000]) assert.deepEqual(await read(whole(), piece), expected)
  })

  it('is one for other programs too', { skip: spawnSync('tar', ['--version']).status !== 0 }, () => {
    const root = mkdtempSync(join(tmpdir(), 'tar-'))
    try {
      writeFileSync(join(root, 'x.tar'), whole())
      const listed = spawnSync('tar', ['tf', 'x.tar', '--quoting-style=literal'], { cwd: root, encoding: 'utf8' })
      const content = spawnSync('tar', ['xOf', 'x.tar', LONG], { cwd: root, encoding: 'utf8' })

      assert.equal(listed.stderr, '')
      assert.equal(listed.stdout, ['here/', `${LONG}-folder/`, ...FILES.map(([path]) => path), ''].join('\n'))
      assert.equal(content.stdout, 'a long name')
    } finally {
      rmSync(root, { recursive: true })
    }
  })

  it('measures files of more than 8 GiB', async () => {
    const bytes = 20 * 1024 ** 3 + 5
    async function* pieces() {
      yield tarHeader({ path: 'large', kind: 'file', bytes }, AT)
    }

    const { value } = await readTar('x.tar', pieces()).next()

    assert.partialDeepStrictEqual(value, { path: 'large', kind: 'file', bytes })
  })

  it('says in which file it is cut, wherever it is', async () => {
    const tar = whole()
    for (let length = 0; length < tar.length - 2 * BLOCK; length += 300) {
      await assert.rejects(read(tar.subarray(0, length)), {
        code: 'unprocessable',
        message: /^x\.tar is cut: it ends in/,
      })
    }
    const inBlock = tar.indexOf('a whole block') + BLOCK + 10
    await assert.rejects(read(tar.subarray(0, inBlock)), { message: 'x.tar is cut: it ends in a whole block' })
  })

  it('says behind which file a header is damaged', async () => {
    const tar = whole()
    tar[tar.indexOf('a whole block') + 2] = 0x7a

    await assert.rejects(read(tar), { code: 'unprocessable', message: 'x.tar is damaged behind empty' })
  })

  it('that holds a link is refused', async () => {
    const header = folder('way-out')
    header.write('2', 156)
    header.write('0'.repeat(6), 148)
    const sum = header.reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0)
    header.write(sum.toString(8).padStart(6, '0'), 148)

    await assert.rejects(read(Buffer.concat([header, END])), { message: /way-out is no file and no folder/ })
  })
})
