import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

const LONGEST_MS = 5000
const RUN = `import(require('node:worker_threads').workerData).then(() => require('node:worker_threads').parentPort.postMessage(0))`

/** Evaluates a module in a thread of its own, so that one that exits, or never ends, takes nobody with it; rejects with what went wrong. */
export async function tryModule(url: string): Promise<void> {
  const worker = new Worker(RUN, { eval: true, workerData: url, stdout: true, stderr: true })
  const loaded = once(worker, 'message')
  const exited = once(worker, 'exit').then(([code]) => {
    throw new Error(`it ends its process with ${code} while it loads`)
  })
  const late = once(AbortSignal.timeout(LONGEST_MS), 'abort').then(() => {
    throw new Error(`it does not finish loading within ${LONGEST_MS} ms`)
  })
  try {
    await Promise.race([loaded, exited, late])
  } finally {
    await worker.terminate()
  }
}
