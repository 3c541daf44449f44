import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Entry } from '../../../build/entry.ts'
import { SERVER } from './setup.ts'

/** Writes files, by path, into a folder. */
export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

/** The text of a function that answers `/` with a greeting. */
export function toy(name: string, { greeting = 'hello', more = '' } = {}): string {
  return `import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'

export default defineFunction({
  name: '${name}',
  summary: 'greets',
  scope: 'toys',
  uses: [],
  ${more}
  app: () =>
    new Hono()
      .get('/', (c) => c.text('${greeting}'))
      .post('/events/:type', (c) => c.body(null, 204)),
})
`
}

export function command(name: string, folder: string): void {
  write(folder, {
    [`functions/${name}/function.ts`]: `import { defineCommand } from 'mezz/define'
export default defineCommand({ name: '${name}', summary: 'a program', scope: 'toys', command: ['node', 'server.js'] })
`,
  })
  cpSync(SERVER, join(folder, 'functions', name, 'server.js'))
}

/** A bundle's start without our runtime: the smallest server that asks the function's app. */
export const toyEntry: Entry = ({ file }) => `
import { createServer } from 'node:http'
import fn from ${JSON.stringify(file)}
const app = fn.app({})
createServer(async ({ method, url }, response) => {
  const answer = await app.fetch(new Request('http://localhost' + url, { method }))
  response.writeHead(answer.status)
  response.end(await answer.text())
}).listen(process.env.PORT, '127.0.0.1')
process.stdin.once('end', () => process.exit()).resume()
`
