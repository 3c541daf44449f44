import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Archive } from './backup-archive.ts'
import { onTarget } from './backup-archive.ts'
import { BLOCK, padding, tarHeader } from './tar.ts'

/** Writes a new tar that only its owner may read; `isPacked` by gzip. */
export function openTar(path: string, { isPacked }: { readonly isPacked: boolean }): Archive {
  const at = Date.now() / 1000
  const stream = new PassThrough()
  const target = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true })
  const written = isPacked ? pipeline(stream, createGzip(), target) : pipeline(stream, target)
  written.catch(() => undefined)
  const put = (bytes: Uint8Array): Promise<void> =>
    onTarget(path, async () => {
      // A stream that has failed takes nothing more, and says why by its end.
      if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), written])
    })
  return {
    folder: (path) => put(tarHeader({ path, kind: 'folder', bytes: 0 }, at)),
    async file(path, bytes, body) {
      await put(tarHeader({ path, kind: 'file', bytes }, at))
      for await (const chunk of body) await put(chunk)
      await put(Buffer.alloc(padding(bytes)))
    },
    async close() {
      await put(Buffer.alloc(2 * BLOCK))
      stream.end()
      await onTarget(path, () => written)
    },
    async abandon() {
      stream.destroy()
      await written.catch(() => undefined)
    },
  }
}
