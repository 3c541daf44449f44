import type { FileHandle } from 'node:fs/promises'
import { failed } from './folder-errors.ts'

const CHUNK = 256 * 1024

/** The bytes of an open file from `start` to `end`, in chunks; closes it at the end, on an error, and when the reader stops (also before it began). */
export function readChunks(file: FileHandle, start: number, end: number): AsyncIterableIterator<Uint8Array> {
  let at = start
  let isOpen = true
  const close = async () => {
    if (isOpen) {
      isOpen = false
      await file.close()
    }
  }
  const done = { done: true, value: undefined } as const

  return {
    async next() {
      if (!isOpen || at >= end) {
        await close()
        return done
      }
      try {
        const chunk = Buffer.allocUnsafe(Math.min(CHUNK, end - at))
        const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
        if (bytesRead === 0) throw new Error(`the file ends at byte ${at} of ${end}`)
        at += bytesRead
        if (at >= end) await close()
        return { done: false, value: chunk.subarray(0, bytesRead) }
      } catch (error) {
        await close()
        return failed(error)
      }
    },
    async return() {
      await close()
      return done
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
