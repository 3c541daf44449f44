import type { LogRecord } from '../../runtime/topics.ts'
import type { Answer } from './deliver.ts'
import { undelivered } from './deliver.ts'

export interface BatcherOptions {
  /** Events in one batch. */
  readonly most: number
  /** Batches in flight. */
  readonly parallel: number
  /** Sends a batch; answers for each event of it, in its order. */
  send(records: readonly LogRecord[]): Promise<readonly Answer[]>
}

interface Waiting {
  readonly record: LogRecord
  answer(answer: Answer): void
}

/** Characters of data in one batch at most, unless one event alone has more. */
const MOST_CHARACTERS = 1024 * 1024

/** Gathers events into batches, without a timer: one goes as soon as a place is free, with what has come until then. */
export function createBatcher({ most, parallel, send }: BatcherOptions): (record: LogRecord) => Promise<Answer> {
  const waiting: Waiting[] = []
  let inFlight = 0
  let isDue = false

  function go(): void {
    isDue = false
    while (waiting.length > 0 && inFlight < parallel) {
      const batch = waiting.splice(0, fitting())
      inFlight++
      send(batch.map(({ record }) => record))
        .catch((error: unknown) => batch.map(() => undelivered(error)))
        .then((answers) => {
          inFlight--
          for (const [at, one] of batch.entries()) one.answer(answers[at] ?? undelivered(new Error('no answer for it')))
          go()
        })
    }
  }
  function fitting(): number {
    let characters = 0
    const over = waiting.slice(0, most).findIndex(({ record }, at) => {
      characters += record.value.length
      return at > 0 && characters > MOST_CHARACTERS
    })
    return over === -1 ? most : over
  }

  return (record) =>
    new Promise((answer) => {
      waiting.push({ record, answer })
      if (isDue) return
      isDue = true
      // What becomes due in the same turn goes together.
      setImmediate(go)
    })
}
