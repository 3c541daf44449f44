import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { query, Started } from './fixture/on-postgres.ts'
import { runFixture, script } from './fixture/run.ts'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0
const root = mkdtempSync(join(tmpdir(), 'postgres-root-'))
after(() => rmSync(root, { recursive: true, maxRetries: 5 }))

describe('PostgreSQL, started by root', { skip: !isRoot }, () => {
  // One folder for all ways: each takes the files over from the one before. Parents let others pass, as the last way needs.
  const parent = mkdtempSync(join(tmpdir(), 'postgres-root-'))
  spawnSync('chmod', ['711', parent])
  after(() => rmSync(parent, { recursive: true, maxRetries: 5 }))
  const path = join(parent, 'data')

  /** Runs with no other programs to be found than these. */
  async function runWith(programs: readonly string[]) {
    const tools = mkdtempSync(join(root, 'tools-'))
    for (const program of programs) symlinkSync(`/usr/bin/${program}`, join(tools, program))
    const fixture = await runFixture(script('hold-postgres.ts', path), { PATH: tools })
    const { url, owner } = Started.parse(fixture.said)
    await query(url, 'create table if not exists seen (n int); insert into seen values (1)')
    const [row] = await query(url, 'select count(*)::int as n from seen')
    await fixture.end()
    return { owner, row }
  }

  const mayUnshare = spawnSync('unshare', ['--user', `--map-user=${NOBODY}`, 'true']).status === 0

  it('runs as nobody by setpriv, in a folder that only root may enter', async () => {
    const { owner, row } = await runWith(['setpriv', 'unshare'])

    assert.equal(owner, NOBODY)
    assert.deepEqual(row, { n: 1 })
    assert.equal((statSync(path).mode & 0o777).toString(8), '700')
  })

  it('runs in a user namespace where setpriv is missing', { skip: !mayUnshare }, async () => {
    assert.deepEqual(await runWith(['unshare']), { owner: 0, row: { n: 2 } })
  })

  it('runs as another uid where both are missing, and the folder shows nothing to others', async () => {
    assert.deepEqual(await runWith([]), { owner: NOBODY, row: { n: mayUnshare ? 3 : 2 } })
    assert.equal((statSync(path).mode & 0o777).toString(8), '711')
  })

  it('runs for a user that is not root, as that user', async () => {
    const home = mkdtempSync(join(root, 'home-'))
    spawnSync('chmod', ['711', root])
    chownSync(home, NOBODY, NOBODY)
    const drop = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all'] as const

    const fixture = await runFixture([...drop, ...script('hold-postgres.ts', join(home, 'data'))])
    const { url, owner, pid } = Started.parse(fixture.said)

    assert.equal(owner, NOBODY)
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^CapEff:\s+0+$/m)
    assert.deepEqual(await query(url, 'select 1 as n'), [{ n: 1 }])
    await fixture.end()
  })
})
