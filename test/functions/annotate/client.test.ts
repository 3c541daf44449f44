import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { compileFunction } from 'node:vm'
import { eventually } from '../../platform/eventually.ts'
import type { Bench } from './bench.ts'
import { setupAnnotate } from './bench.ts'
import type { FakeBrowser } from './fake-browser.ts'
import { fakeBrowser } from './fake-browser.ts'

describe('the page on which a person labels', () => {
  let bench: Bench
  before(async () => {
    bench = await setupAnnotate()
  })
  after(() => bench.close())

  /** Opens the page of a new project; `refuse` says which requests fail. */
  async function open(name: string, rows: number, refuse: (method: string, url: string) => boolean = () => false) {
    await bench.open(name, { rows })
    const browser = fakeBrowser({
      url: `/projects/${name}`,
      labels: ['yes', 'no'],
      columns: ['n', 'text'],
      fetch: async (url, init) => {
        if (refuse(init?.method ?? 'GET', url)) throw new TypeError('Failed to fetch')
        return bench.request(url, init)
      },
    })
    // Its text alone is sent: it can name nothing of the file in which it was written.
    const script = await (await bench.request('/page.js')).text()
    compileFunction(script, ['window'])(browser)
    return browser
  }
  const shows = (browser: FakeBrowser, row: number) =>
    eventually(`row ${row}`, async () => browser.part('number').textContent === `${row}` && !browser.part('row').hidden)
  const finished = (browser: FakeBrowser) =>
    eventually('the end', async () => !browser.part('finished').hidden && browser.part('row').hidden)
  const said = async (name: string) => {
    const lines = (await (await bench.request(`/projects/${name}/export`)).text()).trim().split('\r\n').slice(1)
    return lines.map((line) => line.split(',').slice(0, 3).join(' '))
  }

  it('shows a row, takes labels by keys and clicks, and ends with what was done', async () => {
    const browser = await open('typed', 3)

    await shows(browser, 0)
    assert.equal(browser.cells.get('text')?.textContent, 'text 0')
    browser.press('1')
    await shows(browser, 1)
    browser.press('2')
    await shows(browser, 2)
    browser.labels.get('no')?.happen('click')
    await finished(browser)

    await eventually('the progress', async () => browser.part('done').textContent === '3 / 3')
    assert.equal(browser.part('progress').value, 3)
    assert.deepEqual(await said('typed'), ['0 yes ann', '1 no ann', '2 no ann'])
    assert.ok(browser.part('alert').hidden)
    assert.ok([...browser.labels.values()].every(({ disabled }) => disabled))
  })

  it('gives every row its own label, however fast the keys come', async () => {
    const browser = await open('fast', 40)

    await shows(browser, 0)
    for (let row = 0; row < 40; row++) {
      await eventually(`row ${row}`, async () => browser.part('number').textContent === `${row}`)
      browser.press(row % 2 === 0 ? '1' : '2')
      browser.press('1')
    }
    await finished(browser)

    await eventually('the progress', async () => browser.part('done').textContent === '40 / 40')
    assert.deepEqual(
      await said('fast'),
      Array.from({ length: 40 }, (_, row) => `${row} ${row % 2 === 0 ? 'yes' : 'no'} ann`),
    )
  })

  it('takes the last label back and shows its row again, then goes on where it was', async () => {
    const browser = await open('undone', 4)

    await shows(browser, 0)
    browser.press('1')
    await shows(browser, 1)
    browser.press('1')
    await shows(browser, 2)
    browser.press('u')
    await shows(browser, 1)
    assert.deepEqual(await said('undone'), ['0 yes ann'])
    browser.press('2')
    await shows(browser, 2)
    browser.press('2')
    await shows(browser, 3)
    browser.press('2')
    await finished(browser)

    await eventually('the progress', async () => browser.part('done').textContent === '4 / 4')
    assert.deepEqual(await said('undone'), ['0 yes ann', '1 no ann', '2 no ann', '3 no ann'])
  })

  it('says when a label could not be stored, shows its row again, and loses none', async () => {
    let down = true
    const browser = await open('lost', 3, (method) => method === 'POST' && down)

    await shows(browser, 0)
    browser.press('1')
    await eventually('the problem', async () => !browser.part('alert').hidden)
    await shows(browser, 0)
    assert.equal(browser.part('problem').textContent, 'Failed to fetch')
    assert.ok(browser.part('undo').disabled)
    down = false
    browser.press('1')
    await shows(browser, 1)
    assert.ok(browser.part('alert').hidden)
    browser.press('1')
    await shows(browser, 2)
    browser.press('1')
    await finished(browser)

    await eventually('the progress', async () => browser.part('done').textContent === '3 / 3')
    assert.deepEqual(await said('lost'), ['0 yes ann', '1 yes ann', '2 yes ann'])
  })

  it('says what the platform answers', async () => {
    const browser = await open('closed', 3)
    await shows(browser, 0)
    await bench.label('closed', 2, 'yes')
    await bench.request('/projects/closed/complete', { method: 'POST' })

    browser.press('1')

    await eventually('the problem', async () => !browser.part('alert').hidden)
    assert.equal(browser.part('problem').textContent, 'the project closed is complete')
  })

  it('takes no key while a name is written, with another key held, or when keys are switched off', async () => {
    const browser = await open('careful', 2)
    await shows(browser, 0)

    browser.press('1', { target: browser.part('person') })
    browser.press('1', { ctrlKey: true })
    browser.press('1', { repeat: true })
    browser.press('3')
    browser.part('keys').checked = false
    browser.press('1')
    browser.press('u')

    browser.labels.get('no')?.happen('click')
    await shows(browser, 1)
    await eventually('the label', async () => (await said('careful')).length > 0)
    assert.deepEqual(await said('careful'), ['0 no ann'])
  })

  it('goes on for the person whose name is written, and remembers it', async () => {
    const browser = await open('names', 3)
    await shows(browser, 0)

    browser.part('person').value = 'bo'
    browser.part('person').happen('change')
    await eventually('a row for bo', async () => browser.part('number').textContent === '2')
    browser.press('1')

    await eventually('the label', async () => (await said('names')).length > 0)
    assert.deepEqual(await said('names'), ['2 yes bo'])
    assert.equal(browser.localStorage.getItem('person'), 'bo')
  })

  it('completes the project once asked and answered, and loads anew', async () => {
    const browser = await open('ended', 1)
    await shows(browser, 0)
    browser.press('1')
    await finished(browser)

    browser.part('complete').happen('click')

    await eventually('the reload', async () => browser.reloads() === 1)
    assert.equal((await bench.project('ended')).state, 'completed')
  })
})
