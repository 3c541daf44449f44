import type { Context } from 'hono'
import { PlatformError } from 'mezz/errors'
import * as z from 'zod'
import { Line } from './project.ts'
import type { ProjectRow, TableVersion } from './queries.ts'

const Value = z.union([z.number(), z.string(), z.boolean()]).nullable()

/** A row to be labelled; its id is the row's index, from 0. */
export const Task = z.object({ id: z.int(), row: z.record(z.string(), Value).readonly() })

export const LabelOrder = z.strictObject({
  label: Line,
  /** By default who asks. */
  by: Line.optional(),
})

export const By = z.object({ by: Line.optional() })

export const NextQuery = By.extend({
  /** A task that the person has already, beside which they want another. */
  except: z.coerce.number().int().min(0).optional(),
})

/** What a person says of a task. */
export const Label = z.object({ task: z.int(), by: z.string(), label: z.string(), at: z.iso.datetime() })

/** The index of a row in the path; what is none is `not_found`. */
export function taskParam(c: Context): number {
  const text = c.req.param('task') ?? ''
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(text)) return Number(text)
  throw new PlatformError('not_found', `there is no task ${JSON.stringify(text)}: a task is the index of a row, from 0`)
}

/** A project that takes labels. */
export type OpenProject = ProjectRow & { readonly source: TableVersion }

/** Only a project that takes labels; a `conflict` where it does not yet, or no more. */
export function openOnly(name: string, project: ProjectRow | null): OpenProject {
  if (!project) throw new PlatformError('not_found', `no project ${name}`)
  const { dataset, source, result } = project
  if (result) throw new PlatformError('conflict', `the project ${name} is complete`)
  if (source) return { ...project, source }
  throw new PlatformError('conflict', `the project ${name} waits for the dataset ${dataset}`, { retryAfter: 1 })
}
