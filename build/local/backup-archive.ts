import { dirname } from 'node:path'
import { onDisk } from './storage-fault.ts'

/** Where a backup is written to: entries one after the other, each path relative. A later file of the same path counts. */
export interface Archive {
  folder(path: string): Promise<void>
  /** The body has exactly so many bytes. */
  file(path: string, bytes: number, body: AsyncIterable<Uint8Array>): Promise<void>
  /** All of it is on the disk. */
  close(): Promise<void>
  /** Lets go of what it holds open; after `close` it does nothing. */
  abandon(): Promise<void>
}

/** Runs what writes to an archive at this path; a full disk, a read-only one or a missing right becomes an error that says so. */
export function onTarget<result>(path: string, work: () => Promise<result>): Promise<result> {
  return onDisk(dirname(path), work, "the backup's folder")
}
