import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as z from 'zod'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { childProcesses } from '../../../runtime/adapters/child-processes.ts'
import type { jobEnded } from '../../../triggers/events.ts'
import { ended, jobOf } from './bench.ts'

const PROGRAM = fileURLToPath(new URL('../../../functions/train/gbdt/main.ts', import.meta.url))

/** Runs the job of a run as the engine does, in a process of its own: its end as an event's data, and the lines it printed. */
export async function runJob(bench: FunctionTest, run: string) {
  const folder = await mkdtemp(join(tmpdir(), 'mezz-train-job-'))
  const { id, request } = await jobOf(bench, run)
  const launcher = childProcesses({
    objects: bench.objects,
    folder,
    node: process.execPath,
    resolve: () => ({
      command: [process.execPath, '--conditions=mezz-source', '--disable-warning=ExperimentalWarning', PROGRAM],
    }),
  })
  const lines: string[] = []
  const attempt = { job: id, owner: 'train', attempt: 1, request }
  const end = await launcher.run(attempt, { signal: new AbortController().signal, line: (text) => lines.push(text) })
  await rm(folder, { recursive: true, force: true })
  const data: z.infer<typeof jobEnded.data> = ended(id, {
    ...end,
    outputs: end.state === 'succeeded' ? { ...end.outputs } : {},
  })
  return { end: data, lines }
}
