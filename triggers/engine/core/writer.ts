import type { Changes } from '../../../runtime/ledger.ts'
import type { Gather, Gathered } from './gather.ts'
import { createGather } from './gather.ts'
import type { Io, Stored } from './io.ts'
import type { Limits } from './limits.ts'
import type { Passed } from './ranges.ts'

/** Brings a partition's changes to the ledger: one write at a time, the next takes all that gathered meanwhile. */
export interface Writer {
  /** What the next write will take. */
  readonly gather: Gather
  /** When it is to be called again. */
  readonly next: number
  /** Nothing is on its way and nothing to be sent. */
  readonly isIdle: boolean
  /** Sends what is urgent, or ripe, or (with `all`) anything; sends again what was not answered. */
  write(all: boolean): void
  /** No answer counts any more. */
  end(): void
}

export interface WriterOptions {
  readonly passed: Passed
  readonly limits: Limits
  readonly io: Io
  /** A write was stored, and those that waited for it were called. */
  stored(): void
  /** A write is to be tried again at `next`. */
  failed(): void
  fenced(): void
}

/** A writer of a new epoch. */
export function createWriter({ passed, limits, io, stored, failed, fenced }: WriterOptions): Writer {
  const gather = createGather()
  let number = 0
  let writing: Gathered | undefined
  let failures = 0
  let isEnded = false
  let rewriteAt = Number.POSITIVE_INFINITY

  const ripeAt = () => gather.since + limits.progress.milliseconds

  function send(changes: Changes): void {
    rewriteAt = Number.POSITIVE_INFINITY
    io.write(changes, answered)
  }

  function answered(answer: Stored): void {
    if (isEnded) return
    if (answer === 'fenced') {
      fenced()
    } else if (answer === 'unknown') {
      rewriteAt = io.now() + Math.min(limits.rewrite.most, limits.rewrite.first * 2 ** failures++)
      failed()
    } else {
      const waiting = writing?.waiting ?? []
      failures = 0
      writing = undefined
      for (const go of waiting) go()
      stored()
    }
  }

  return {
    gather,
    get next() {
      return writing ? rewriteAt : ripeAt()
    },
    get isIdle() {
      return !writing && gather.isEmpty
    },
    write(all) {
      if (writing) {
        if (io.now() >= rewriteAt) send(writing.changes)
      } else if (!gather.isEmpty) {
        const isRipe = gather.progress >= limits.progress.events || io.now() >= ripeAt()
        if (!all && !gather.urgent && !isRipe) return
        writing = gather.take({ number: ++number, position: passed.position, ranges: passed.ranges() })
        send(writing.changes)
      }
    },
    end() {
      isEnded = true
    },
  }
}
