import type { FlowStep, Records } from '../../runtime/records.ts'

/** Gathers flow steps, so that many are written at once. */
export interface StepLog {
  add(step: FlowStep): void
  /** Resolves when all that was added before is stored. */
  flush(): Promise<void>
}

const GATHER = 100

/** Writes what has gathered 100 ms after its first, or when asked; what could not be stored stays for the next time. */
export function createStepLog(records: Records, failed: (error: unknown) => void): StepLog {
  let gathered: FlowStep[] = []
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  async function write(): Promise<void> {
    const steps = gathered
    if (steps.length === 0) return
    gathered = []
    try {
      await records.steps(steps)
    } catch (error) {
      gathered = [...steps, ...gathered]
      throw error
    }
  }
  function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    writing = writing.catch(() => undefined).then(write)
    return writing
  }

  return {
    add(step) {
      gathered.push(step)
      timer ??= setTimeout(() => {
        timer = undefined
        flush().catch(failed)
      }, GATHER).unref()
    },
    flush,
  }
}
