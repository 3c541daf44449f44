import { Socket } from 'node:net'
import { readEnvironment } from '../../runtime/env.ts'

/** Ends this process, as by SIGTERM, when the launcher that started it is gone. */
export function endWithLauncher(): void {
  const { MEZZ_LAUNCHER_FD: fd } = readEnvironment()
  if (fd === undefined) return
  const pipe = new Socket({ fd, readable: true, writable: false })
  pipe.on('error', () => process.kill(process.pid, 'SIGTERM'))
  pipe.on('close', () => process.kill(process.pid, 'SIGTERM'))
  pipe.resume()
  pipe.unref()
}
