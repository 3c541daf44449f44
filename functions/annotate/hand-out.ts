import type { Query, Transaction } from 'mezz/ports'
import type { OpenProject } from './task.ts'
import type { Wish } from './task-queries.ts'
import { advance, freeTask, frontierOf, lease, ownTask, retreat, sharedTask } from './task-queries.ts'

/** Minutes for which a task that somebody works on goes to nobody else in their place. */
const LEASE = 5

/**
 * Gives a person the next task of a project: the one that they have not finished, else one that nobody has, else one that
 * fewer people have than the project asks for; `null` where there is none. It is theirs for as long as a lease lasts.
 */
export async function handOut(tx: Transaction, project: OpenProject, wish: Wish): Promise<number | null> {
  // Two who ask at once are served one after the other, so that they get two tasks.
  await lockTasks(tx, project.name)
  const task =
    (await ownTask(tx.query, project, wish)) ??
    (await free(tx.query, project, wish)) ??
    // A task for one person is free, or it is taken.
    (project.overlap > 1 ? await sharedTask(tx.query, project, wish) : null)
  if (task !== null) await lease(tx.query, project.name, { task, person: wish.person, minutes: LEASE })
  return task
}

/** Sees to it that a task which has lost its label can be handed out again, in the transaction that takes the label. */
export async function makeFree(tx: Transaction, project: string, task: number): Promise<void> {
  await lockTasks(tx, project)
  await retreat(tx.query, project, task)
}

async function lockTasks(tx: Transaction, project: string): Promise<void> {
  await tx.lock(`tasks of ${project}`)
}

async function free(query: Query, project: OpenProject, { except }: Wish): Promise<number | null> {
  const from = await frontierOf(query, project.name)
  const task = await freeTask(query, project, { from, except })
  // What was passed over has a label, is leased, or is the one excepted.
  const to = Math.min(task ?? project.source.rows, except ?? project.source.rows)
  await advance(query, project.name, { from, to })
  return task
}
