import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { backUp } from '../../build/local/backup.ts'
import { openDataFolder } from '../../build/local/data-folder.ts'
import { restore } from '../../build/local/restore.ts'
import { tarHeader } from '../../build/local/tar.ts'
import { until } from '../../build/local/until.ts'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import { readEnvironment } from '../../runtime/env.ts'
import { on, query, Started } from './fixture/on-postgres.ts'
import { runFixture, script } from './fixture/run.ts'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0
const root = mkdtempSync(join(tmpdir(), 'backup-'))
after(() => rmSync(root, { recursive: true, maxRetries: 5 }))

const environment = readEnvironment({})
const common = () => ({ environment, signal: new AbortController().signal, progress: () => undefined })
const fresh = () => mkdtempSync(join(root, 'case-'))
const back = (data: string, out: string) => backUp({ ...common(), data, out })
const bring = (backup: string, data: string) => restore({ ...common(), backup, data })
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
const bytesOf = (text: string) => new TextEncoder().encode(text)

/** A data folder with one row and two objects, and its backup in each form. */
const data = join(root, 'data')
const [tar, packed, plain] = [join(root, 'all.tar'), join(root, 'all.tar.gz'), join(root, 'all')]
before(async () => {
  await on(data, (url) => query(url, 'create table kept (n int primary key); insert into kept values (1)'))
  const objects = folderObjects(join(data, 'objects'))
  await objects.put(bytesOf('a blob'))
  await objects.write(`scripts/${'ß'.repeat(100)}`, bytesOf('a long name'))
  for (const out of [tar, packed, plain]) await back(data, out)
})

describe('a backup', () => {
  for (const [form, backup] of [
    ['.tar', tar],
    ['.tar.gz', packed],
    ['folder', plain],
  ] as const) {
    it(`as ${form} gives the folder back: rows, objects, secrets, for its owner alone`, async () => {
      const again = join(fresh(), 'data')

      await bring(backup, again)

      assert.deepEqual(await on(again, (url) => query(url, 'select n from kept')), [{ n: 1 }])
      const list = (folder: string) => folderObjects(join(folder, 'objects')).list('')
      assert.deepEqual(await list(again), await list(data))
      const secrets = (folder: string) => readFileSync(join(folder, 'secrets.json'), 'utf8')
      assert.equal(secrets(again), secrets(data))
      assert.deepEqual([mode(join(again, 'secrets.json')), mode(again)], ['600', '700'])
      assert.equal(mode(backup), form === 'folder' ? '700' : '600')
    })
  }

  it('of a folder that nobody uses starts nothing, holds no logs or scratch, and lets a platform start afterwards', async () => {
    const out = join(fresh(), 'out')
    const log = () => statSync(join(data, 'logs/postgres.log')).size
    const before = log()

    await back(data, out)

    assert.equal(log(), before)
    assert.deepEqual(readdirSync(out).sort(), ['format', 'manifest.json', 'objects', 'postgres', 'secrets.json'])
    assert.ok(!existsSync(join(out, 'postgres/postmaster.pid')))
    await on(data, (url) => query(url, 'select 1'))
  })

  it('of a folder whose server was killed holds what was committed', async () => {
    const [killed, again] = [join(fresh(), 'data'), join(fresh(), 'data')]
    const fixture = await runFixture(script('hold-postgres.ts', killed))
    const { url, pid } = Started.parse(fixture.said)
    await query(url, 'create table last (n int); insert into last values (7)')
    process.kill(pid, 'SIGKILL')
    await fixture.kill()

    await back(killed, `${killed}.tar`)
    await bring(`${killed}.tar`, again)

    assert.deepEqual(await on(again, (at) => query(at, 'select n from last')), [{ n: 7 }])
  })

  it('of a folder in use is of one moment, with all that was committed before it began', async () => {
    const [busy, again] = [join(fresh(), 'data'), join(fresh(), 'data')]
    let [before, acknowledged] = [0, 0]
    await on(busy, async (url) => {
      await query(url, 'create table a (n int primary key, pad text); create table b (n int primary key)')
      let isDone = false
      const write = async () => {
        for (let n = 1; !isDone; n++) {
          await query(url, `begin; insert into a values (${n}, repeat('x', 2000)); insert into b values (${n}); commit`)
          acknowledged = n
          // Its log grows by files, and what a checkpoint needs no more goes.
          if (n % 10 === 0) await query(url, 'select pg_switch_wal()')
          if (n % 30 === 0) await query(url, 'checkpoint')
        }
      }
      const writing = write()
      try {
        assert.ok(await until(10_000, async () => acknowledged > 20))
        before = acknowledged
        await Promise.all([back(busy, `${busy}.tar`), back(busy, `${busy}.tar.gz`)])
        assert.ok(acknowledged > before, 'it was written to meanwhile')
      } finally {
        isDone = true
        await writing
      }

      assert.deepEqual(await query(url, 'select count(*)::int as slots from pg_replication_slots'), [{ slots: 0 }])
    })

    await bring(`${busy}.tar`, again)

    const [row] = await on(again, (url) =>
      query(
        url,
        `select (select count(*)::int from a) as a, (select max(n) from a) as last, (select count(*)::int from b) as b, (select count(*)::int from a join b using (n)) as both`,
      ),
    )
    const { a } = row ?? {}
    assert.ok(typeof a === 'number' && a >= before)
    assert.deepEqual(row, { a, last: a, b: a, both: a })
  })

  it('that is broken off leaves nothing, neither of itself nor in the server', async () => {
    const folder = fresh()
    await on(data, async (url) => {
      for (const name of ['x.tar', 'x.tar.gz', 'x']) {
        const ended = new AbortController()
        const progress = (part: string) => part === 'database' && ended.abort(new Error('enough'))

        const broken = backUp({ environment, data, out: join(folder, name), signal: ended.signal, progress })

        await assert.rejects(broken, { message: 'enough' })
        assert.deepEqual(readdirSync(folder), [])
      }
      const slots = () => query(url, 'select count(*)::int as n from pg_replication_slots')
      assert.ok(await until(10_000, async () => (await slots())[0]?.['n'] === 0))
    })
  })

  it('is refused, with the reason, where it can be none', async () => {
    const empty = fresh()
    const unused = join(fresh(), 'data')
    await (await openDataFolder(unused)).close()
    const linked = join(fresh(), 'data')
    cpSync(data, linked, { recursive: true, verbatimSymlinks: true })
    symlinkSync('/', join(linked, 'postgres/pg_tblspc/1'))
    const free = join(fresh(), 'x.tar')

    await assert.rejects(back(data, join(data, 'x.tar')), { code: 'invalid_input', message: /lies in the data folder/ })
    await assert.rejects(back(data, join(data, 'objects')), { message: /lies in the data folder/ })
    await assert.rejects(back(data, tar), { code: 'conflict', message: /all\.tar is there already/ })
    await assert.rejects(back(data, plain), { code: 'conflict', message: /all is there already/ })
    await assert.rejects(back(data, join(empty, 'no/x.tar')), { code: 'not_found', message: /no: make it first/ })
    await assert.rejects(back(empty, free), { code: 'not_found', message: /is no data folder of mezz/ })
    await assert.rejects(back(join(empty, 'none'), free), { code: 'not_found' })
    await assert.rejects(back(unused, free), { code: 'not_found', message: /holds no database yet/ })
    await assert.rejects(back(linked, free), { code: 'conflict', message: /pg_tblspc\/1 is no file and no folder/ })
    const elsewhere = readEnvironment({ DATABASE_URL: 'postgres://x', OBJECTS_FOLDER: '/y' })
    await assert.rejects(backUp({ ...common(), data, out: free, environment: elsewhere }), {
      message: /^by DATABASE_URL and OBJECTS_FOLDER not everything lies in the data folder/,
    })
    assert.deepEqual(readdirSync(empty), [])
    assert.ok(!existsSync(free))
  })
})

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

    const broken = restore({ environment, backup: tar, data: join(folder, 'data'), signal: ended.signal, progress })

    await assert.rejects(broken, { message: 'enough' })
    assert.deepEqual(readdirSync(folder), [])
  })

  // Root mounts as it is: in a name space of its own it could not read what PostgreSQL's user owns.
  const inMount = isRoot ? ['unshare', '--mount'] : ['unshare', '--user', '--map-root-user', '--mount']
  const [first = '', ...rest] = inMount
  const mayMount = process.platform === 'linux' && spawnSync(first, [...rest, 'true']).status === 0
  const onSmallDisk = (...words: readonly string[]) => {
    const small = fresh()
    const line = 'mount -t tmpfs -o size=4m mezz-test "$1" && cd "$1" && shift && { "$@"; echo "code $?"; ls -A; }'
    const mezz = [process.execPath, resolve('build/launch.js'), ...words]
    return spawnSync(first, [...rest, 'sh', '-c', line, 'sh', small, ...mezz], { encoding: 'utf8' })
  }

  it('and a backup say that the disk is full, and leave nothing on it', { skip: !mayMount }, () => {
    for (const words of [
      ['backup', '--data', data, '--out', 'x.tar'],
      ['backup', '--data', data, '--out', 'x.tar.gz'],
      ['backup', '--data', data, '--out', 'x'],
      ['restore', tar, '--data', 'x'],
    ]) {
      const { stdout, stderr } = onSmallDisk(...words)

      assert.match(stderr, /cannot write to the (backup|data folder) .*: the disk is full/, words.join(' '))
      assert.equal(stdout, 'code 1\n')
    }
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
