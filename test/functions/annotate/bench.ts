import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import annotate from '../../../functions/annotate/function.ts'
import { Project } from '../../../functions/annotate/project.ts'
import { Task } from '../../../functions/annotate/task.ts'
import { duckdbTables } from '../../../runtime/adapters/duckdb.ts'
import type { Tables } from '../../../runtime/ports.ts'
import { datasetIngested } from '../../../triggers/events.ts'

export interface Bench extends FunctionTest {
  readonly tables: Tables
  /** Tells of a version with rows `{n, text}` from 0 on. */
  ingest(dataset: string, rows: number, version?: number): Promise<Response>
  /** Makes a project of its own dataset with so many rows, labels yes and no. */
  open(name: string, options?: { readonly rows?: number; readonly overlap?: number }): Promise<void>
  project(name: string): Promise<z.infer<typeof Project>>
  /** The next row of a person, or `null`. */
  next(name: string, by: string, except?: number): Promise<z.infer<typeof Task> | null>
  /** Answers with the status. */
  label(name: string, task: number, label: string, by?: string): Promise<number>
}

/** The function alone, and what people do with it. */
export async function setupAnnotate(options: { readonly twice?: boolean } = {}): Promise<Bench> {
  const bench = await setup(annotate, options)
  const { objects } = bench
  const tables = duckdbTables({ objects, folder: join(tmpdir(), 'mezz-annotate-test'), memoryLimit: '150MB' })

  async function ingest(dataset: string, rows: number, version = 1): Promise<Response> {
    const { rows: stored, ...part } = await tables.open({}, (session) =>
      session.store(`select n::double as n, 'text ' || n as text from range(${rows}) t(n)`),
    )
    const schema = [
      { name: 'n', type: 'number' as const },
      { name: 'text', type: 'text' as const },
    ]
    const data = { dataset, version, kind: 'table' as const, parts: [part], schema, rows: stored, digest: 'sha256:1' }
    return bench.deliver(datasetIngested, data)
  }

  return {
    ...bench,
    tables,
    ingest,
    async open(name, { rows = 3, overlap = 1 } = {}) {
      await ingest(name, rows)
      await bench.send('POST', '/projects', { name, dataset: name, column: 'spam', labels: ['yes', 'no'], overlap })
    },
    async project(name) {
      return Project.parse(await (await bench.request(`/projects/${name}`)).json())
    },
    async next(name, by, except) {
      const search = new URLSearchParams({ by, ...(except === undefined ? {} : { except: String(except) }) })
      const answer = await bench.request(`/projects/${name}/next?${search}`)
      return answer.status === 204 ? null : Task.parse(await answer.json())
    },
    async label(name, task, label, by) {
      return (await bench.send('POST', `/projects/${name}/tasks/${task}/annotations`, { label, by })).status
    },
  }
}

export const Problem = z.object({
  code: z.string(),
  errors: z.array(z.object({ pointer: z.string(), reason: z.string() })).optional(),
})
