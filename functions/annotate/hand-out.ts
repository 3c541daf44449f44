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
  await tx.lock(`hand out ${project.name}`)
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

async function ownTask(query: Query, { name }: OpenProject, { person, except }: Wish): Promise<number | null> {
  const [row] = await query<{ task: number }>`
    select task from leases
    where project = ${name} and person = ${person} and until > clock_timestamp() and task is distinct from ${except}::bigint
    order by task limit 1`
  return row?.task ?? null
}

async function freeTask(query: Query, { name, source }: OpenProject, { except }: Wish): Promise<number | null> {
  // In a select list the series is made one by one, and only as far as it is wanted.
  const [row] = await query<{ task: number }>`
    select task from (select generate_series(0, ${source.rows - 1}::bigint) as task) tasks
    where task is distinct from ${except}::bigint
      and not exists (select from annotations a where a.project = ${name} and a.task = tasks.task)
      and not exists (
        select from leases l where l.project = ${name} and l.task = tasks.task and l.until > clock_timestamp()
      )
    limit 1`
  return row?.task ?? null
}

async function sharedTask(query: Query, project: OpenProject, { person, except }: Wish): Promise<number | null> {
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
