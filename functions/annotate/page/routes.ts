import type { Context } from 'hono'
import { Hono } from 'hono'
import { callerId } from 'mezz/caller'
import type { Sql } from 'mezz/ports'
import { answers, nameParam, Page, query } from 'mezz/validate'
import { demandProject, lookUp, lookUpAll } from '../look-up.ts'
import { client } from './client.ts'
import { listPage } from './list-page.ts'
import { projectPage } from './project-page.ts'
import { STYLE } from './style.ts'
import { textsFor } from './texts.ts'

/** Nothing but our own script, style and routes; no page of anybody else around it. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The pages for people, below whatever prefix they are reached by. */
export function pages(sql: Sql<string>): Hono {
  return new Hono()
    .get('/', query(Page), answers('A page that lists projects', { 200: 'text/html' }), async (c) => {
      guard(c)
      return c.html(listPage(await lookUpAll(sql.query, c.req.valid('query')), placeOf(c)))
    })
    .get(
      '/projects/:project/page',
      answers('A page on which a person labels rows', { 200: 'text/html' }),
      async (c) => {
        const project = await lookUp(sql.query, await demandProject(sql.query, nameParam(c, 'project')))
        guard(c)
        return c.html(projectPage(project, { ...placeOf(c), person: callerId() }))
      },
    )
    .get('/page.js', answers('What the page does', { 200: 'text/javascript' }), (c) => {
      guard(c)
      return c.body(`(${client})(window)`, 200, { 'Content-Type': 'text/javascript; charset=utf-8' })
    })
    .get('/page.css', answers('How the pages look', { 200: 'text/css' }), (c) => {
      guard(c)
      return c.body(STYLE, 200, { 'Content-Type': 'text/css; charset=utf-8' })
    })
}

function guard(c: Context): void {
  c.header('Content-Security-Policy', POLICY)
  c.header('X-Content-Type-Options', 'nosniff')
  c.header('Referrer-Policy', 'same-origin')
  c.header('Cache-Control', 'no-cache')
}

/** The reader's language, and the prefix that the gateway took away. */
function placeOf(c: Context) {
  c.header('Vary', 'Accept-Language')
  const prefix = c.req.header('x-forwarded-prefix') ?? ''
  return {
    texts: textsFor(c.req.header('accept-language') ?? ''),
    prefix: /^(?:\/[a-z0-9-]+)*$/.test(prefix) ? prefix : '',
  }
}
