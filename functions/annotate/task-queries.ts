import type { Query } from 'mezz/ports'
import type { OpenProject } from './task.ts'

export interface Wish {
  readonly person: string
  /** A task that they have already, beside which they want another. */
  readonly except: number | null
}

/** The task that a person has and has not finished, or `null`. */
export async function ownTask(query: Query, { name }: OpenProject, { person, except }: Wish): Promise<number | null> {
  const [row] = await query<{ task: number }>`
    select task from leases
    where project = ${name} and person = ${person} and until > clock_timestamp() and task is distinct from ${except}::bigint
    order by task limit 1`
  return row?.task ?? null
}

/** The first task from this one on that has no label and that nobody has, or `null`. */
export async function freeTask(
  query: Query,
  { name, source }: OpenProject,
  { from, except }: { readonly from: number; readonly except: number | null },
): Promise<number | null> {
  // In a select list the series is made one by one, and only as far as it is wanted.
  const [row] = await query<{ task: number }>`
    select task from (select generate_series(${from}::bigint, ${source.rows - 1}::bigint) as task) tasks
    where task is distinct from ${except}::bigint
      and not exists (select from annotations a where a.project = ${name} and a.task = tasks.task)
      and not exists (
        select from leases l where l.project = ${name} and l.task = tasks.task and l.until > clock_timestamp()
      )
    limit 1`
  return row?.task ?? null
}

/** A task that others have, but fewer than the project asks for: of the fewest, or `null`. */
export async function sharedTask(query: Query, project: OpenProject, { person, except }: Wish): Promise<number | null> {
  const { name, overlap } = project
  const [row] = await query<{ task: number }>`
    select task
    from (
      select task, person from annotations where project = ${name}
      union select task, person from leases where project = ${name} and until > clock_timestamp()
    ) held
    where task is distinct from ${except}::bigint
    group by task having count(*) < ${overlap} and not bool_or(person = ${person})
    order by count(*), task limit 1`
  return row?.task ?? null
}

/** Gives a person a task for so many minutes. */
export async function lease(
  query: Query,
  project: string,
  { task, person, minutes }: { readonly task: number; readonly person: string; readonly minutes: number },
): Promise<void> {
  await query`
    insert into leases (project, task, person, until)
    values (${project}, ${task}, ${person}, clock_timestamp() + make_interval(mins => ${minutes}))
    on conflict (project, task, person) do update set until = excluded.until`
}

/** The task before which every one has a label. */
export async function frontierOf(query: Query, project: string): Promise<number> {
  const [row] = await query<{ task: number }>`select task from frontiers where project = ${project}`
  return row?.task ?? 0
}

/** Moves the frontier on to a task, up to which every one has a label or was leased at some time. */
export async function advance(
  query: Query,
  project: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  await query`
    insert into frontiers (project, task)
    select ${project}, coalesce(min(l.task), ${to}::bigint) from leases l
    where l.project = ${project} and l.task >= ${from} and l.task < ${to}
      and not exists (select from annotations a where a.project = ${project} and a.task = l.task)
    on conflict (project) do update set task = excluded.task`
}

/** Moves the frontier back to a task that has lost its label. */
export async function retreat(query: Query, project: string, task: number): Promise<void> {
  await query`update frontiers set task = least(task, ${task}) where project = ${project}`
}
