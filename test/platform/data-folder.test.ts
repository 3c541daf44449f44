import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openDataFolder } from '../../build/local/data-folder.ts'
import { claimSocketFile } from '../../build/local/folder-lock.ts'
import { PlatformError } from '../../runtime/errors.ts'
import { runFixture, script } from './fixture/run.ts'

const root = mkdtempSync(join(tmpdir(), 'data-folder-'))
after(() => rmSync(root, { recursive: true }))

const fresh = () => join(mkdtempSync(join(root, 'case-')), 'data')
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe('a data folder', () => {
  it('is made private, with its sub-folders', async () => {
    const path = fresh()

    const folder = await openDataFolder(path)

    assert.equal(mode(path), '700')
    for (const inside of [folder.objects, folder.run, folder.jobs, folder.logs]) assert.equal(mode(inside), '700')
    await folder.close()
  })

  it('keeps a secret under its name, in a file that nobody else can read', async () => {
    const path = fresh()
    const folder = await openDataFolder(path)

    const [a, same, b] = await Promise.all([folder.secret('a'), folder.secret('a'), folder.secret('b')])
    await folder.close()
    const again = await openDataFolder(path)

    assert.equal(a, same)
    assert.notEqual(a, b)
    assert.ok(a.length >= 43)
    assert.deepEqual([await again.secret('a'), await again.secret('b')], [a, b])
    assert.equal(mode(join(path, 'secrets.json')), '600')
    await again.close()
  })

  it('says so, and tells nothing, when its secrets are damaged, and leaves them as they are', async () => {
    const path = fresh()
    const folder = await openDataFolder(path)
    writeFileSync(join(path, 'secrets.json'), '{"a": "hush"')

    await assert.rejects(folder.secret('a'), (error: Error) => {
      assert.ok(error instanceof PlatformError && error.code === 'unprocessable')
      assert.match(error.message, /secrets\.json is damaged/)
      return !`${error.stack}${error.cause}`.includes('hush')
    })

    assert.equal(readFileSync(join(path, 'secrets.json'), 'utf8'), '{"a": "hush"')
    await folder.close()
  })

  it('is not opened twice, by whichever path, until it is closed', async () => {
    const path = fresh()
    const folder = await openDataFolder(path)
    symlinkSync(path, `${path}-link`)

    await assert.rejects(openDataFolder(path), {
      code: 'conflict',
      message: new RegExp(`uses the data folder ${path}`),
    })
    await assert.rejects(openDataFolder(`${path}-link`), { code: 'conflict' })

    await folder.close()
    await (await openDataFolder(path)).close()
  })

  it('is refused to a second process, and free as soon as the first one is killed', async () => {
    const path = fresh()
    const first = await runFixture(script('hold-folder.ts', path))
    assert.deepEqual(first.said, { held: true })

    const second = await runFixture(script('hold-folder.ts', path))
    await first.kill()
    const third = await runFixture(script('hold-folder.ts', path))

    assert.partialDeepStrictEqual(second.said, { held: false })
    assert.match(JSON.stringify(second.said), new RegExp(`another mezz uses the data folder ${path}`))
    assert.deepEqual(third.said, { held: true })
    await third.kill()
  })

  it('of another format says who wrote it and what to do, and is not touched', async () => {
    const path = fresh()
    mkdirSync(path)
    writeFileSync(join(path, 'format'), '{"format": 7, "writtenBy": "mezz 9.9.9"}')

    await assert.rejects(openDataFolder(path), {
      code: 'conflict',
      message:
        /written by mezz 9\.9\.9 in format 7; this is mezz \d+\.\d+\.\d+, which reads format 1: use that version/,
    })

    assert.throws(() => statSync(join(path, 'run')), { code: 'ENOENT' })
    writeFileSync(join(path, 'format'), '{"format": 1, "writtenBy": "mezz 0.1.0"}')
    await (await openDataFolder(path)).close()
  })

  it("is never made of a folder that holds somebody's files", async () => {
    const path = fresh()
    mkdirSync(path)
    writeFileSync(join(path, 'thesis.txt'), '')

    await assert.rejects(openDataFolder(path), {
      code: 'conflict',
      message: /holds something else already \(thesis\.txt\)/,
    })
  })

  it('is made of a folder in which a crash cut the very first write', async () => {
    const path = fresh()
    mkdirSync(path)
    writeFileSync(join(path, '.format.0123'), '{"for')

    await (await openDataFolder(path)).close()

    assert.match(readFileSync(join(path, 'format'), 'utf8'), /"format":1/)
  })

  it('says so when a file is in its way', async () => {
    const path = fresh()
    writeFileSync(path, '')

    await assert.rejects(openDataFolder(path), { code: 'unavailable', message: /a file is in the way/ })
  })

  // In a name space of its own any user may mount; where that is forbidden there is no full disk to be had.
  const inMount = ['unshare', '--user', '--map-root-user', '--mount'] as const
  const mayMount = process.platform === 'linux' && spawnSync(inMount[0], [...inMount.slice(1), 'true']).status === 0
  const onMount = (options: string, path: string) =>
    runFixture([
      ...inMount,
      'sh',
      '-c',
      'mount -t tmpfs -o "$1" mezz-test "$2" && shift 2 && exec "$@"',
      'sh',
      options,
      path,
      ...script('hold-folder.ts', path),
    ])

  it('says so when the disk is full', { skip: !mayMount }, async () => {
    const { said } = await onMount('nr_inodes=1', mkdtempSync(join(root, 'full-')))

    assert.match(JSON.stringify(said), /cannot write to the data folder .*: the disk is full/)
  })

  it('says so when the file system is read-only', { skip: !mayMount }, async () => {
    const { said } = await onMount('ro', mkdtempSync(join(root, 'read-only-')))

    assert.match(JSON.stringify(said), /cannot write to the data folder .*: the file system is read-only/)
  })
})

describe('a claim by a socket file', () => {
  it('is refused while its holder lives, and taken over from a dead one', async () => {
    const path = join(root, 'claim.sock')
    const listen = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    assert.throws(() => execFileSync(process.execPath, ['-e', listen]))
    assert.ok(statSync(path).isSocket())

    const first = await claimSocketFile(path)
    const second = await claimSocketFile(path)
    await first?.release()
    const third = await claimSocketFile(path)

    assert.ok(first)
    assert.equal(second, null)
    assert.ok(third)
    await third.release()
  })
})
