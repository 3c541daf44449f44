import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { errorOf, files, runScript, withoutPython } from '../functions/train/script/job.ts'

const SCRIPT = { 'train.py': 'import sys\nprint("prefix", sys.prefix)', 'requirements.txt': '# none\n' }
const MADE = /packages of requirements\.txt, (made in \d+ s|from the cache)$/

describe('the environment of a requirements.txt', { skip: withoutPython, timeout: 300_000 }, () => {
  it('is made once for two jobs that want it at once, and again where a crash left half of it', async (t) => {
    const cache = mkdtempSync(join(tmpdir(), 'mezz-environment-'))
    t.after(() => rmSync(cache, { recursive: true, force: true }))
    const how = async () => {
      const { lines } = await runScript(files(SCRIPT), { cache })
      const [, said = ''] = lines.map((line) => MADE.exec(line)).find(Boolean) ?? []
      return [said.replace(/ \d+ s/, ''), lines.find((line) => line.startsWith('prefix'))]
    }

    const both = await Promise.all([how(), how()])

    const [folder = ''] = readdirSync(join(cache, 'python')).filter((name) => !name.includes('.'))
    const prefix = `prefix ${join(cache, 'python', folder)}`
    assert.deepEqual(both.sort(), [
      ['from the cache', prefix],
      ['made in', prefix],
    ])
    rmSync(join(cache, 'python', folder, 'mezz-lock.txt'))
    rmSync(join(cache, 'python', folder, 'bin'), { recursive: true })
    assert.deepEqual(await how(), ['made in', prefix])
    assert.ok(existsSync(join(cache, 'python', folder, 'bin', 'python')))
    assert.equal(statSync(join(cache, 'python')).mode & 0o077, 0)
  })

  it('that cannot be installed fails the run with what pip said', async (t) => {
    const cache = mkdtempSync(join(tmpdir(), 'mezz-environment-'))
    t.after(() => rmSync(cache, { recursive: true, force: true }))

    const job = await runScript(files({ ...SCRIPT, 'requirements.txt': './no-such-folder\n' }), { cache })

    assert.match(errorOf(job), /requirements\.txt could not be installed: the lines above say why$/)
    assert.ok(job.lines.some((line) => line.includes('no-such-folder')))
  })

  it('of a package.json is what npm lays down of it, and nothing of it runs meanwhile', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mezz-environment-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    mkdirSync(join(folder, 'mine'))
    const mine = { name: 'mine', version: '1.2.3', scripts: { install: `touch ${join(folder, 'ran')}` } }
    writeFileSync(join(folder, 'mine', 'package.json'), JSON.stringify(mine))
    writeFileSync(join(folder, 'mine', 'index.js'), 'module.exports = 42')
    const script = {
      'train.mjs': "import mine from 'mine'; console.log('mine is', mine)",
      'package.json': JSON.stringify({ dependencies: { mine: `file:${join(folder, 'mine')}` } }),
    }

    const { lines } = await runScript(files(script), { entry: 'train.mjs', runtime: 'node' })

    assert.ok(lines.includes('mine is 42'), lines.join('\n'))
    assert.ok(!existsSync(join(folder, 'ran')))
  })
})
