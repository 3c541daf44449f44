import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { restore } from '../../build/local/restore.ts'
import { tarHeader } from '../../build/local/tar.ts'
import { bring, common, sample } from './backup-sample.ts'
import { on, query } from './fixture/on-postgres.ts'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0
const { root, data, tar, packed, folder: plain, fresh } = sample()

describe('a restore', () => {
  /** The message with which it is refused; nothing is left where it would have gone. */
  async function refusal(backup: string): Promise<string> {
    const folder = fresh()
    const message = await bring(backup, join(folder, 'data')).then(
      () => 'it was restored',
      (error: Error) => error.message,
    )
    assert.deepEqual(readdirSync(folder), [])
    return message
  }
  const copied = (change: (path: string) => void, from = tar): string => {
    const path = join(fresh(), 'copy.tar')
    copyFileSync(from, path)
    change(path)
    return path
  }
  const copiedFolder = (change: (path: string) => void): string => {
    const path = join(fresh(), 'copy')
    cpSync(plain, path, { recursive: true })
    change(path)
    return path
  }
  const flip = (path: string, at: number) => {
    const bytes = readFileSync(path)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(path, bytes)
  }

  it('refuses a file that was cut, wherever', async () => {
    const { length } = readFileSync(tar)
    const manifest = readFileSync(tar).lastIndexOf('manifest.json')
    for (const at of [0, 100, Math.floor(length / 2), manifest, manifest + 700, length - 2048]) {
      assert.match(await refusal(copied((path) => truncateSync(path, at))), /copy\.tar is cut/)
    }
    const half = copied((path) => truncateSync(path, Math.floor(statSync(packed).size / 2)), packed)
    assert.match(await refusal(half), /copy\.tar is cut or damaged/)
  })

  it('names the file in which a byte is another one', async () => {
    const inTar = copied((path) => flip(path, readFileSync(path).indexOf('postgres/PG_VERSION\0') + 512))
    const inFolder = copiedFolder((path) => flip(join(path, 'secrets.json'), 20))

    assert.match(await refusal(inTar), /is damaged: postgres\/PG_VERSION: it is not as it was backed up$/)
    assert.match(await refusal(inFolder), /is damaged: secrets\.json: it is not as it was backed up$/)
  })

  it('names a file that is missing, and one that is too much', async () => {
    const less = copiedFolder((path) => rmSync(join(path, 'postgres/global/pg_control')))
    const more = copiedFolder((path) => writeFileSync(join(path, 'postgres/recovery.signal'), ''))
    const cut = copiedFolder((path) => rmSync(join(path, 'manifest.json')))

    assert.match(await refusal(less), /postgres\/global\/pg_control: it is missing$/)
    assert.match(await refusal(more), /postgres\/recovery\.signal: it was not backed up$/)
    assert.match(await refusal(cut), /is cut, or no backup of mezz: it has no manifest\.json/)
  })

  it('writes nothing outside, whatever the names in the file say', async () => {
    const folder = fresh()
    for (const name of ['../outside', '/tmp/outside', 'a/../../outside', './outside', 'a//b']) {
      const evil = join(folder, 'evil.tar')
      writeFileSync(evil, tarHeader({ path: name, kind: 'file', bytes: 0 }, 0))

      assert.match(await refusal(evil), /is no backup of mezz: it holds "/)
    }
    assert.deepEqual(readdirSync(folder), ['evil.tar'])
  })

  it('refuses what another release made, and says which', async () => {
    const change = (from: string, to: string) =>
      copiedFolder((path) => {
        const manifest = join(path, 'manifest.json')
        writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(from, to))
      })

    assert.match(
      await refusal(change('"format":1', '"format":9')),
      /was made by mezz \d.* in format 9; this mezz restores/,
    )
    assert.match(await refusal(change('"dataFormat":1', '"dataFormat":9')), /was written by mezz \d.* in format 9/)
    assert.match(await refusal(change('"format":1', '"form":1')), /its manifest\.json cannot be read/)
  })

  it('goes into a new or an empty folder alone', async () => {
    const [empty, full] = [fresh(), fresh()]
    writeFileSync(join(full, 'thesis.txt'), '')

    await assert.rejects(bring(tar, full), { code: 'conflict', message: /is there and not empty/ })
    await assert.rejects(bring(tar, join(full, 'thesis.txt')), { code: 'conflict' })
    await assert.rejects(bring(tar, data), { code: 'conflict' })
    await assert.rejects(bring(plain, join(plain, 'data')), { message: /lies in the backup/ })
    await assert.rejects(bring(join(full, 'none.tar'), join(full, 'x')), { code: 'not_found', message: /no backup/ })
    assert.deepEqual(readdirSync(full), ['thesis.txt'])

    await bring(tar, empty)
    assert.ok(existsSync(join(empty, 'postgres')))
  })

  it('that is broken off leaves nothing', async () => {
    const folder = fresh()
    const ended = new AbortController()
    const progress = (_part: string, files: number) => files > 10 && ended.abort(new Error('enough'))

    const broken = restore({ ...common(), backup: tar, data: join(folder, 'data'), signal: ended.signal, progress })

    await assert.rejects(broken, { message: 'enough' })
    assert.deepEqual(readdirSync(folder), [])
  })

  // Root mounts as it is: in a name space of its own it could not read what PostgreSQL's user owns.
  const inMount = isRoot ? ['unshare', '--mount'] : ['unshare', '--user', '--map-root-user', '--mount']
  const [first = '', ...rest] = inMount
  const mayMount = process.platform === 'linux' && spawnSync(first, [...rest, 'true']).status === 0
  /** Runs `mezz` in a folder on a disk of its own; answers also with what lies there afterwards. */
  const onDisk = (size: string, ...words: readonly string[]) => {
    const line = `mount -t tmpfs -o size=${size} mezz-test "$1" && cd "$1" && shift && { "$@"; echo "code $?"; ls -A; }`
    const mezz = [process.execPath, resolve('build/launch.js'), ...words]
    return spawnSync(first, [...rest, 'sh', '-c', line, 'sh', fresh(), ...mezz], { encoding: 'utf8' })
  }

  it('and a backup say that the disk is full, and leave nothing on it', { skip: !mayMount }, () => {
    for (const words of [
      ['backup', '--data', data, '--out', 'x.tar'],
      ['backup', '--data', data, '--out', 'x.tar.gz'],
      ['backup', '--data', data, '--out', 'x'],
      ['restore', tar, '--data', 'x'],
      ['restore', tar, '--data', '.'],
    ]) {
      const { stdout, stderr } = onDisk('3m', ...words)

      assert.match(stderr, /cannot write to the (backup's )?folder .*: the disk is full/, words.join(' '))
      assert.equal(stdout, 'code 1\n')
    }
  })

  it('fills a folder at which a disk is mounted', { skip: !mayMount }, () => {
    const { stdout, stderr } = onDisk('256m', 'restore', tar, '--data', '.')

    assert.match(stdout, /code 0\nformat\njobs\nlogs\nobjects\npostgres\nrun\nsecrets\.json\n$/, stderr)
  })

  it('works as another user than root, and from a backup that root made', { skip: !isRoot }, async () => {
    const home = fresh()
    spawnSync('chmod', ['711', root])
    copyFileSync(tar, join(home, 'all.tar'))
    for (const path of [home, join(home, 'all.tar')]) chownSync(path, NOBODY, NOBODY)
    const drop = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all'] as const
    const mezz = (...words: readonly string[]) =>
      spawnSync(drop[0], [...drop.slice(1), process.execPath, resolve('build/launch.js'), ...words], {
        cwd: home,
        encoding: 'utf8',
      })

    const there = mezz('restore', 'all.tar', '--data', 'data')
    const back = mezz('backup', '--data', 'data', '--out', 'again.tar')

    assert.deepEqual([there.status, back.status], [0, 0], there.stderr + back.stderr)
    assert.equal(statSync(join(home, 'data/postgres/PG_VERSION')).uid, NOBODY)
    const again = join(fresh(), 'data')
    await bring(join(home, 'again.tar'), again)
    assert.deepEqual(await on(again, (url) => query(url, 'select n from kept')), [{ n: 1 }])
  })
})
