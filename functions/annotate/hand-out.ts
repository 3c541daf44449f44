import type { Query, Transaction } from 'mezz/ports'
import type { OpenProject } from './task.ts'

/** Minutes for which a task that somebody has before him goes to nobody else in his place. */
export const LEASE = 5

export interface Wish {
  readonly person: string
  /** A task that he has already, beside which he wants another. */
  readonly except: number | null
}

/**
 * Gives a person the next task of a project: the one he has not finished, else one that nobody has, else one that fewer
 * people have than the project asks for; `null` where there is none. It is his for as long as a lease lasts.
 */
export async function handOut(tx: Transaction, project: OpenProject, wish: Wish): Promise<number | null> {
  // Two who ask at once are served one after the other, so that they get two tasks.
  await lockTasks(tx, project.name)
  const task =
    (await ownTask(tx.query, project, wish)) ??
    (await freeTask(tx.query, project, wish)) ??
    (await sharedTask(tx.query, project, wish))
  if (task === null) return null
  await tx.query`
    insert into leases (project, task, person, until)
    values (${project.name}, ${task}, ${wish.person}, clock_timestamp() + make_interval(mins => ${LEASE}))
    on conflict (project, task, person) do update set until = excluded.until`
  return task
}

/** Sees to it that a task which has lost its label can be handed out again, in the transaction that takes the label. */
export async function makeFree(tx: Transaction, project: string, task: number): Promise<void> {
  await lockTasks(tx, project)
  await tx.query`update frontiers set task = least(task, ${task}) where project = ${project}`
}

async function lockTasks(tx: Transaction, project: string): Promise<void> {
  await tx.lock(`tasks of ${project}`)
}

async function ownTask(query: Query, { name }: OpenProject, { person, except }: Wish): Promise<number | null> {
  const [row] = await query<{ task: number }>`
    select task from leases
    where project = ${name} and person = ${person} and until > clock_timestamp() and task is distinct from ${except}::bigint
    order by task limit 1`
  return row?.task ?? null
}

async function freeTask(query: Query, { name, source }: OpenProject, { except }: Wish): Promise<number | null> {
  const [frontier] = await query<{ task: number }>`select task from frontiers where project = ${name}`
  const from = frontier?.task ?? 0
  // In a select list the series is made one by one, and only as far as it is wanted.
  const [row] = await query<{ task: number }>`
    select task from (select generate_series(${from}::bigint, ${source.rows - 1}::bigint) as task) tasks
    where task is distinct from ${except}::bigint
      and not exists (select from annotations a where a.project = ${name} and a.task = tasks.task)
      and not exists (
        select from leases l where l.project = ${name} and l.task = tasks.task and l.until > clock_timestamp()
      )
    limit 1`
  // What was passed over has a label, is leased, or is the one excepted.
  const passed = Math.min(row?.task ?? source.rows, except ?? source.rows)
  await query`
    insert into frontiers (project, task)
    select ${name}, coalesce(min(l.task), ${passed}::bigint) from leases l
    where l.project = ${name} and l.task >= ${from} and l.task < ${passed}
      and not exists (select from annotations a where a.project = ${name} and a.task = l.task)
    on conflict (project) do update set task = excluded.task`
  return row?.task ?? null
}

async function sharedTask(query: Query, project: OpenProject, { person, except }: Wish): Promise<number | null> {
  const { name, overlap } = project
  // One that a single person is to have is free, or it is taken.
  if (overlap === 1) return null
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
