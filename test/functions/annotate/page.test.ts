import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { textsFor } from '../../../functions/annotate/page/texts.ts'
import type { Bench } from './bench.ts'
import { setupAnnotate } from './bench.ts'

describe('the pages', () => {
  let bench: Bench
  before(async () => {
    bench = await setupAnnotate()
    await bench.open('shown', { rows: 2 })
  })
  after(() => bench.close())

  const get = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await bench.request(path, { headers })
    assert.equal(answer.status, 200)
    return { headers: answer.headers, text: await answer.text() }
  }

  it('name everything below the prefix by which they are reached, and never a foreign place', async () => {
    const page = '/projects/shown/page'
    const below = await get(page, { 'X-Forwarded-Prefix': '/default/annotate' })
    const bare = await get(page)
    const list = await get('/', { 'X-Forwarded-Prefix': '/default/annotate' })
    const foreign = await get(page, { 'X-Forwarded-Prefix': '//evil.example"><script>' })

    assert.match(below.text, /src="\/default\/annotate\/page.js"/)
    assert.match(below.text, /data-url="\/default\/annotate\/projects\/shown"/)
    assert.match(bare.text, /src="\/page.js"/)
    assert.match(list.text, /href="\/default\/annotate\/projects\/shown\/page"/)
    assert.doesNotMatch(foreign.text, /evil/)
  })

  it('let the browser run and load nothing but what comes from here', async () => {
    for (const path of ['/', '/projects/shown/page', '/page.js', '/page.css']) {
      const { headers, text } = await get(path)

      const policy = headers.get('content-security-policy') ?? ''
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; /)
      assert.doesNotMatch(policy, /unsafe/)
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      if (path.endsWith('page') || path === '/') assert.doesNotMatch(text, /<script>|<style| style=| on\w+=/)
    }
  })

  it('show names and labels as text, whatever they hold', async () => {
    const evil = `"><script>alert('x')</script>&`
    await bench.ingest('evil', 1)
    await bench.send('POST', '/projects', { name: 'evil', dataset: 'evil', column: evil, labels: [evil, '好'] })

    const { text } = await get('/projects/evil/page')

    assert.doesNotMatch(text, /<script>/)
    assert.match(text, /data-label="&quot;&gt;&lt;script&gt;alert\(&#39;x&#39;\)&lt;\/script&gt;&amp;"/)
    assert.match(text, /aria-keyshortcuts="2" disabled><kbd>2<\/kbd>好</)
  })

  it('say what a project waits for, and that it is complete', async () => {
    await bench.send('POST', '/projects', { name: 'early', dataset: 'nowhere', column: 'x', labels: ['a'] })
    await bench.open('over')
    await bench.label('over', 0, 'yes')
    await bench.request('/projects/over/complete', { method: 'POST' })

    const early = await get('/projects/early/page')
    const over = await get('/projects/over/page', { 'Accept-Language': 'zh-CN,zh;q=0.9,en;q=0.8' })

    assert.match(early.text, /http-equiv="refresh"[\s\S]*It waits for its dataset/)
    assert.match(over.text, /<html lang="zh-CN">[\s\S]*该项目已结束/)
    for (const { text } of [early, over]) assert.doesNotMatch(text, /page\.js/)
  })

  it('list projects page by page', async () => {
    const { text } = await get('/?limit=1&after=o')

    assert.match(text, /projects\/over\/page/)
    assert.match(text, /href="\/\?after=over"/)
    assert.doesNotMatch(text, /projects\/shown\/page/)
  })

  it('answer 404 for a project that is not there', async () => {
    assert.equal((await bench.request('/projects/none/page')).status, 404)
  })
})

for (const [header, language] of [
  ['', 'en'],
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
  ['zh-TW', 'zh-CN'],
  ['en-GB,zh;q=0.5', 'en'],
  ['fr, zh;q=0.4, en;q=0.3', 'zh-CN'],
  ['zh;q=0, en;q=0.1', 'en'],
  ['de', 'en'],
] as const) {
  it(`speaks ${language} to one whose browser asks for "${header}"`, () => {
    assert.equal(textsFor(header).language, language)
  })
}
