import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer } from 'node:http'

/** Serves the repositories of a folder by `git http-backend`, git's own CGI program; answers with its URL. */
export async function serveGit(folder: string): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const backend = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        REQUEST_METHOD: request.method ?? 'GET',
        PATH_INFO: decodeURIComponent(path),
        QUERY_STRING: query,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        REMOTE_USER: 'tester',
        REMOTE_ADDR: '127.0.0.1',
        ...(request.headers['git-protocol'] ? { GIT_PROTOCOL: String(request.headers['git-protocol']) } : {}),
        ...(request.headers['content-encoding'] ? { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] } : {}),
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    request.pipe(backend.stdin)
    let head = Buffer.alloc(0)
    let isOpen = false
    backend.stdout.on('data', (chunk: Buffer) => {
      if (isOpen) return response.write(chunk)
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return undefined
      const lines = head.subarray(0, end).toString().split('\r\n')
      const headers = lines.map((line) => line.split(/:\s*/, 2) as [string, string])
      const status = headers.find(([name]) => name === 'Status')?.[1]
      response.writeHead(
        Number(status?.split(' ')[0] ?? 200),
        Object.fromEntries(headers.filter(([name]) => name !== 'Status')),
      )
      isOpen = true
      return response.write(head.subarray(end + 4))
    })
    backend.once('close', () => response.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the git server has no port')
  return { url: `http://127.0.0.1:${address.port}`, server }
}
