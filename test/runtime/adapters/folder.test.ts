import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomInt } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buffer } from 'node:stream/consumers'
import { after, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { folderObjects } from '../../../runtime/adapters/folder.ts'
import { PlatformError } from '../../../runtime/errors.ts'
import type { Objects, OpenObject } from '../../../runtime/ports.ts'
import { testObjects } from '../../conformance/objects.ts'

const root = mkdtempSync(join(tmpdir(), 'objects-'))
after(() => rmSync(root, { recursive: true }))

const CHILD = fileURLToPath(new URL('./folder-child.ts', import.meta.url))
const HOUR = 3600
const newFolder = () => mkdtempSync(join(root, 'store-'))

testObjects('folder', () => folderObjects(newFolder()))

it('keeps every acknowledged object whole through kill -9, and shows no half one', async () => {
  const folder = newFolder()
  const acknowledged: string[] = []

  for (let kill = 0; kill < 20; kill++) {
    const lines = randomInt(1, 40)
    const child = spawn(process.execPath, [...process.execArgv, CHILD, folder, String(kill)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let seen = 0
    for await (const line of createInterface(child.stdout)) {
      acknowledged.push(line)
      if (++seen === lines) child.kill('SIGKILL')
    }
    assert.ok(seen >= lines)
  }

  const objects = folderObjects(folder)
  const listed = new Set((await objects.list('')).map(({ name }) => name))
  assert.deepEqual(
    acknowledged.filter((name) => !listed.has(name)),
    [],
  )
  for (const name of listed) assert.ok(await isWhole(objects, name), `${name} is not whole`)
})

it('makes a blob young again when the same bytes are put', async () => {
  const folder = newFolder()
  const objects = folderObjects(folder)
  const { sha256 } = await objects.put(Buffer.from('kept'))
  const path = join(folder, 'blobs', sha256.slice(0, 2), sha256)
  utimesSync(path, 1, 1)

  await objects.put(Buffer.from('kept'))

  assert.ok(Date.now() / 1000 - statSync(path).mtimeMs / 1000 < HOUR)
})

it('clears what a crash left in its writing folder after a day, and nothing that may still be written', async () => {
  const folder = newFolder()
  await folderObjects(folder).put(Buffer.from('a'))
  const writing = join(folder, 'writing')
  for (const [name, hours] of [
    ['old', 25],
    ['new', 23],
  ] as const) {
    const time = Date.now() / 1000 - hours * HOUR
    writeFileSync(join(writing, name), 'half')
    utimesSync(join(writing, name), time, time)
  }

  await folderObjects(folder).put(Buffer.from('b'))

  assert.deepEqual(readdirSync(writing), ['new'])
})

it('leaves no empty folder and no temporary file behind', async () => {
  const folder = newFolder()
  const objects = folderObjects(folder)
  await objects.write('a/b/c', Buffer.from('a'))
  await objects.remove('a/b/c')

  assert.deepEqual(readdirSync(folder, { recursive: true }).sort(), ['names', 'writing'])
})

it('is made when something is stored, not before', async () => {
  const folder = join(newFolder(), 'deep', 'er')
  const objects = folderObjects(folder)
  assert.equal(await objects.read('a'), null)
  assert.deepEqual(await objects.list(''), [])
  await objects.remove('a')
  assert.ok(!existsSync(folder))

  await objects.write('a', Buffer.from('a'))

  assert.equal((await objects.read('a'))?.bytes, 1)
})

it('is unavailable where its folder cannot be, and says what the system said; works once it can', async () => {
  const file = join(newFolder(), 'file')
  writeFileSync(file, '')
  const objects = folderObjects(file)
  const expected = (error: unknown) => {
    assert.ok(error instanceof PlatformError)
    assert.equal(error.code, 'unavailable')
    assert.match(String(error.cause), /ENOTDIR|EEXIST/)
    return true
  }

  await assert.rejects(objects.write('a', Buffer.from('a')), expected)
  await assert.rejects(objects.read('a'), expected)
  await assert.rejects(objects.list(''), expected)
  await assert.rejects(objects.remove('a'), expected)

  rmSync(file)

  assert.equal((await objects.write('a', Buffer.from('a'))).bytes, 1)
})

it('is unavailable when the disk takes no more, and keeps what it had', async () => {
  const folder = newFolder()
  await folderObjects(folder).write('a', Buffer.from('before'))
  const adapter = new URL('../../../runtime/adapters/folder.ts', import.meta.url)
  const script = `
    import { folderObjects } from '${adapter}'
    const objects = folderObjects(process.argv[1])
    await objects.write('a', new Uint8Array(1 << 20)).catch(({ code, cause }) => console.log(code, cause.code))`

  const limited = 'trap "" XFSZ; ulimit -f 16; exec "$0" "$@"'
  const { stdout } = spawnSync('sh', ['-c', limited, process.execPath, '--input-type=module', '-e', script, folder])

  assert.equal(stdout.toString(), 'unavailable EFBIG\n')
  assert.equal((await folderObjects(folder).read('a'))?.bytes, 6)
  assert.deepEqual(readdirSync(join(folder, 'writing')), [])
})

it('holds no file open for a body that was read, broken off or never begun', async () => {
  const objects = folderObjects(newFolder())
  await objects.write('large', new Uint8Array(1 << 20))
  await objects.write('small', new Uint8Array(10))
  const openFiles = () => readdirSync('/dev/fd').length
  const before = openFiles()

  await all(await objects.read('large'))
  for await (const _ of (await objects.read('large'))?.body ?? []) break
  await ReadableStream.from((await objects.read('large'))?.body ?? []).cancel()
  await objects.read('small')

  assert.equal(openFiles(), before)
})

async function all(found: OpenObject | null): Promise<Buffer> {
  assert.ok(found)
  return buffer(found.body)
}

async function isWhole(objects: Objects, name: string): Promise<boolean> {
  const data = await all(await objects.read(name))
  const digest = createHash('sha256').update(data.subarray(32)).digest()
  const named = name.startsWith('blobs/') ? createHash('sha256').update(data).digest('hex') : undefined
  return digest.equals(data.subarray(0, 32)) && (named === undefined || name === `blobs/${named}`)
}

it('brings back what a sweeper that was killed had not decided on', async () => {
  const folder = newFolder()
  const objects = folderObjects(folder)
  const { name, sha256 } = await objects.put(new TextEncoder().encode('a'))
  const other = await objects.put(new TextEncoder().encode('b'))
  const isKept = () => Promise.resolve(true)
  mkdirSync(join(folder, 'aside'))
  renameSync(join(folder, 'blobs', sha256.slice(0, 2), sha256), join(folder, 'aside', sha256))
  assert.equal((await objects.read(name))?.bytes, 1)

  await folderObjects(folder).sweep(other.sha256, { before: new Date(Date.now() + 60_000), isKept })

  assert.deepEqual(
    (await objects.list('')).map((one) => one.name),
    [name, other.name].sort(),
  )
})
