import { spawn } from 'node:child_process'
import { join } from 'node:path'

// The pipe closes when its other end, this process, is gone, however it went. By then another process may have the id, so the server's own file is asked.
const SCRIPT = 'read -r line; read -r pid < "$2"; [ "$pid" = "$1" ] && kill -INT "$1"'

/** Stops the server `pid` on `data` when this process is gone without having done so. The answer calls the guard off. */
export function guard(pid: number, data: string): () => void {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'sh', String(pid), join(data, 'postmaster.pid')], {
    cwd: '/',
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  child.unref()
  // A pipe to a child is a socket, which can be kept from holding this process up.
  if (child.stdin && 'unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref()
  return () => child.kill('SIGKILL')
}
