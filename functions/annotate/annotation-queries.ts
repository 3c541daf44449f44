import type { Query } from 'mezz/ports'
import type { Pattern } from './agreement.ts'

export interface Progress {
  /** Tasks with a label, and those with as many as the project asks for. */
  readonly labelled: number
  readonly done: number
  readonly annotations: number
}

export interface Annotation {
  readonly task: number
  readonly person: string
  readonly label: string
  readonly at: Date
}

export async function progressOf(
  query: Query,
  { name, overlap }: { readonly name: string; readonly overlap: number },
): Promise<Progress> {
  const [row] = await query<Progress>`
    select count(*) as labelled, count(*) filter (where people >= ${overlap}) as done,
      coalesce(sum(people), 0)::bigint as annotations
    from (select count(*) as people from annotations where project = ${name} group by task) tasks`
  return row ?? { labelled: 0, done: 0, annotations: 0 }
}

/** Who has labelled anything, by name. */
export async function peopleOf(query: Query, project: string): Promise<string[]> {
  const rows = await query<{ person: string }>`
    select distinct person from annotations where project = ${project} order by person`
  return rows.map(({ person }) => person)
}

/** Which labels tasks have that two or more people labelled. */
export async function patternsOf(query: Query, project: string): Promise<Pattern[]> {
  return query`
    select labels, count(*) as tasks
    from (
      select jsonb_object_agg(person, label) as labels from annotations
      where project = ${project} and task in (
        select task from annotations where project = ${project} group by task having count(*) > 1
      )
      group by task
    ) patterns group by labels`
}

/** Stores what a person says of a task, in place of what they said before; whether they had said nothing. */
export async function saveAnnotation(
  query: Query,
  project: string,
  { task, person, label }: Omit<Annotation, 'at'>,
): Promise<{ readonly at: Date; readonly fresh: boolean }> {
  await query`delete from leases where project = ${project} and task = ${task} and person = ${person}`
  const [row] = await query<{ at: Date; fresh: boolean }>`
    insert into annotations (project, task, person, label) values (${project}, ${task}, ${person}, ${label})
    on conflict (project, task, person) do update set label = excluded.label, at = clock_timestamp()
    returning at, xmax = 0 as fresh`
  if (!row) throw new Error('an annotation was not stored')
  return row
}

/** Takes back what a person said of a task; `false` where they have said nothing. */
export async function removeAnnotation(
  query: Query,
  project: string,
  { task, person }: { readonly task: number; readonly person: string },
): Promise<boolean> {
  const removed = await query`
    delete from annotations where project = ${project} and task = ${task} and person = ${person} returning 1`
  return removed.length > 0
}

/** What tells whether the annotations of a project have changed. */
export async function markOf(query: Query, project: string): Promise<{ annotations: number; last: string | null }> {
  const [row] = await query<{ annotations: number; last: string | null }>`
    select count(*) as annotations, max(at)::text as last from annotations where project = ${project}`
  return row ?? { annotations: 0, last: null }
}

/** A piece of the labelled tasks of a project: those beyond one task and up to another. */
export interface Piece {
  readonly beyond: number
  readonly to: number
}

/** The next labelled tasks beyond one, with so many annotations or few more; `null` where there are none. */
export async function nextPiece(query: Query, project: string, beyond: number, most: number): Promise<Piece | null> {
  const [row] = await query<{ to: number | null }>`
    select max(task) as to from (
      select task from annotations where project = ${project} and task > ${beyond} order by task limit ${most}
    ) tasks`
  return row?.to == null ? null : { beyond, to: row.to }
}

/** The label of each task of a piece, in the order of the tasks. */
export async function decidedLabels(
  query: Query,
  project: string,
  { beyond, to }: Piece,
): Promise<{ readonly task: number; readonly label: string }[]> {
  return query`
    select task, label from decided where project = ${project} and task > ${beyond} and task <= ${to} order by task`
}

/** The annotations of a piece, in the order of tasks and people, each with what its task's label is. */
export async function listAnnotations(
  query: Query,
  project: string,
  { beyond, to }: Piece,
): Promise<(Annotation & { readonly decided: string })[]> {
  return query`
    select a.task, a.person, a.label, a.at, d.label as decided
    from annotations a
    join (select * from decided where project = ${project} and task > ${beyond} and task <= ${to}) d on d.task = a.task
    where a.project = ${project} and a.task > ${beyond} and a.task <= ${to}
    order by a.task, a.person`
}
