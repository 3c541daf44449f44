import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { takeScript } from '../../../../functions/train/scripts/take.ts'
import { isTar, readTar, writeTar } from '../../../../functions/train/scripts/tar.ts'
import { PlatformError } from '../../../../runtime/errors.ts'

const LONG = `${'a'.repeat(60)}/${'b'.repeat(60)}/ein längerer Name.py`
const file = (path: string, text = path) => ({ path, bytes: Buffer.from(text) })
const tar = (...paths: readonly string[]) => Buffer.from(writeTar(paths.map((path) => file(path))))
const texts = (archive: Uint8Array) => readTar(archive).map(({ path, bytes }) => [path, Buffer.from(bytes).toString()])
const hasTar = spawnSync('tar', ['--version']).status === 0

describe('a tar', () => {
  it('holds what was put into it, by whatever names', () => {
    const archive = writeTar([file(LONG, 'x'.repeat(5000)), file('a.py', ''), file('é/ü.py')])

    assert.ok(isTar(archive))
    assert.deepEqual(texts(archive), [
      ['a.py', ''],
      [LONG, 'x'.repeat(5000)],
      ['é/ü.py', 'é/ü.py'],
    ])
  })

  for (const format of ['ustar', 'pax', 'gnu'] as const) {
    it(`is read as ${format} has it, and written as tar reads it`, { skip: !hasTar && 'no tar here' }, (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'mezz-tar-'))
      t.after(() => rmSync(folder, { recursive: true }))
      for (const path of ['train.py', LONG, 'lib/more.py']) {
        mkdirSync(dirname(join(folder, 'in', path)), { recursive: true })
        writeFileSync(join(folder, 'in', path), path)
      }
      const names = format === 'ustar' ? ['train.py', 'lib'] : ['.']
      const theirs = execFileSync('tar', ['cf', '-', `--format=${format}`, '-C', join(folder, 'in'), ...names])

      const found = texts(theirs).map(([path = '', text]) => [path.replace(/^\.\//, ''), text])
      const expected = format === 'ustar' ? ['lib/more.py', 'train.py'] : [LONG, 'lib/more.py', 'train.py']
      assert.deepEqual(
        found.sort(),
        expected.map((path) => [path, path]),
      )
      mkdirSync(join(folder, 'out'))
      execFileSync('tar', ['xf', '-', '-C', join(folder, 'out')], { input: writeTar([file(LONG, 'text')]) })
      assert.equal(readFileSync(join(folder, 'out', LONG), 'utf8'), 'text')
    })
  }

  it('with a link in it is refused', { skip: !hasTar && 'no tar here' }, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mezz-tar-'))
    t.after(() => rmSync(folder, { recursive: true }))
    symlinkSync('/etc/passwd', join(folder, 'train.py'))

    assert.throws(() => readTar(execFileSync('tar', ['cf', '-', '-C', folder, '.'])), /train\.py is no file but a link/)
  })
})

describe('what is sent as a script', () => {
  it('is one file, which its entry names', async () => {
    const { entry, files } = await takeScript(Buffer.from('print(1)'), 'fit.py')

    assert.deepEqual([entry, files], ['fit.py', [{ path: 'fit.py', bytes: 8 }]])
    assert.equal((await takeScript(Buffer.from('print(1)'), undefined)).entry, 'train.py')
  })

  it('is the same script in whatever archive', async () => {
    const plain = await takeScript(tar('train.py', 'requirements.txt'), undefined)
    const other = writeTar([file('./requirements.txt', 'requirements.txt'), file('train.py'), file('._train.py')])
    const packed = await takeScript(gzipSync(other), 'train.py')

    assert.deepEqual(packed, plain)
    assert.equal(plain.entry, 'train.py')
  })

  const broken = tar('train.py')
  broken[0] = 65
  const FAULTS: readonly (readonly [
    what: string,
    sent: Uint8Array,
    entry: string | undefined,
    code: string,
    reason: RegExp,
  ])[] = [
    ['nothing', new Uint8Array(), undefined, 'unprocessable', /it is empty/],
    ['an empty archive', tar(), undefined, 'unprocessable', /train\.py is no text/],
    ['an archive of leftovers alone', tar('._train.py'), undefined, 'unprocessable', /holds no file/],
    [
      'files of which none is the entry',
      tar('a.py', 'b.py'),
      'c.py',
      'unprocessable',
      /no c\.py among its files: a\.py, b\.py/,
    ],
    ['files without a word which to start', tar('a.py', 'b.py'), undefined, 'unprocessable', /\?entry=a\.py/],
    ['an entry of another language', tar('a.sh'), undefined, 'unprocessable', /a\.sh is no Python or Node program/],
    ['a path that leads out', tar('../../x.py'), undefined, 'unprocessable', /no path within a folder/],
    ['an absolute path', tar('/x.py'), undefined, 'unprocessable', /no path within a folder/],
    ['a path with a control character', tar('x\n.py'), undefined, 'unprocessable', /no path within a folder/],
    ['an entry that leads out', Buffer.from('x'), '../x.py', 'unprocessable', /no path within a folder/],
    [
      'two files of one path',
      Buffer.concat([tar('a.py').subarray(0, 1024), tar('a.py')]),
      undefined,
      'unprocessable',
      /a\.py is in it twice/,
    ],
    ['a tar whose header is damaged', broken, undefined, 'unprocessable', /does not add up/],
    ['half a tar', tar('train.py').subarray(0, 515), undefined, 'unprocessable', /ends in the middle/],
    ['a tar without its end', tar('train.py').subarray(0, 1024), undefined, 'unprocessable', /has no end/],
    [
      'half a gzip stream',
      gzipSync(tar('train.py')).subarray(0, 60),
      undefined,
      'unprocessable',
      /no whole gzip stream/,
    ],
    ['too many bytes', tar('train.py', 'x'.repeat(90)), undefined, 'too_large', /98 bytes, 50 are taken/],
    ['too many files', tar('a.py', 'b.py', 'c.py', 'd.py'), undefined, 'too_large', /4 files, 3 are taken/],
    ['a bomb', gzipSync(Buffer.alloc(1 << 20)), undefined, 'too_large', /out of gzip/],
  ]
  for (const [what, sent, entry, code, reason] of FAULTS) {
    it(`is refused: ${what}`, async () => {
      const unpacked = what.startsWith('too many bytes') ? 50 : 1 << 16
      await assert.rejects(takeScript(sent, entry, { sent: 1 << 20, unpacked, files: 3 }), (error) => {
        assert.ok(error instanceof PlatformError, String(error))
        assert.equal(error.code, code)
        assert.match(error.message, reason)
        return true
      })
    })
  }
})
