import type { ObjectRef, Query } from 'mezz/ports'
import type { Pattern } from './agreement.ts'

export interface Column {
  readonly name: string
  readonly type: 'number' | 'boolean' | 'time' | 'text'
}

/** A version of a dataset, as its event tells of it. */
export interface TableVersion {
  readonly dataset: string
  readonly version: number
  readonly parts: readonly ObjectRef[]
  readonly columns: readonly Column[]
  readonly rows: number
}

/** What a project is for. */
export interface Settings {
  readonly name: string
  readonly dataset: string
  readonly column: string
  readonly labels: readonly string[]
  /** How many people label each task. */
  readonly overlap: number
}

export interface ProjectRow extends Settings {
  readonly at: Date
  /** The version whose rows are its tasks; `null` while it waits for one. */
  readonly source: TableVersion | null
  /** `null` before it is complete. */
  readonly result: Result | null
}

/** What the labels of a project came to. */
export interface Result {
  readonly labels: ObjectRef
  readonly rows: number
  /** ISO 8601. */
  readonly at: string
}

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

/** Keeps a version as the newest of its dataset, unless a newer one is known. */
export async function keepVersion(query: Query, version: TableVersion): Promise<void> {
  const { dataset, parts, columns, rows } = version
  await query`
    insert into datasets as known (dataset, version, parts, columns, rows)
    values (${dataset}, ${version.version}, ${parts}, ${columns}, ${rows})
    on conflict (dataset) do update set version = excluded.version, parts = excluded.parts, columns = excluded.columns,
      rows = excluded.rows
    where known.version < excluded.version`
}

/** The newest version that was heard of, or `null`. */
export async function newestVersion(query: Query, dataset: string): Promise<TableVersion | null> {
  const [row] = await query<TableVersion>`select * from datasets where dataset = ${dataset}`
  return row ?? null
}

/** Gives this version to the projects that wait for its dataset. */
export async function openProjects(query: Query, source: TableVersion): Promise<void> {
  await query`update projects set source = ${source} where dataset = ${source.dataset} and source is null`
}

/** Adds a project; `false` where there is one of its name. */
export async function addProject(query: Query, settings: Settings, source: TableVersion | null): Promise<boolean> {
  const { name, dataset, column, labels, overlap } = settings
  const added = await query`
    insert into projects (name, dataset, "column", labels, overlap, source)
    values (${name}, ${dataset}, ${column}, ${labels}, ${overlap}, ${source})
    on conflict do nothing returning 1`
  return added.length > 0
}

/** `null` where there is no project of this name. */
export async function findProject(query: Query, name: string): Promise<ProjectRow | null> {
  const [row] = await query<ProjectRow>`select * from projects where name = ${name}`
  return row ?? null
}

/** The same, and until the transaction's end nobody deletes or completes it. */
export async function shareProject(query: Query, name: string): Promise<ProjectRow | null> {
  const [row] = await query<ProjectRow>`select * from projects where name = ${name} for share`
  return row ?? null
}

/** The same, and until the transaction's end it gets no label and nobody else deletes or completes it. */
export async function holdProject(query: Query, name: string): Promise<ProjectRow | null> {
  const [row] = await query<ProjectRow>`select * from projects where name = ${name} for update`
  return row ?? null
}

/** Projects by name, beyond `after`, with their progress. */
export async function listProjects(
  query: Query,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<(ProjectRow & Omit<Progress, 'annotations'>)[]> {
  return query`
    select p.*, labelled, done
    from projects p
    cross join lateral (
      select count(*) as labelled, count(*) filter (where people >= p.overlap) as done
      from (select count(*) as people from annotations where project = p.name group by task) tasks
    ) progress
    where p.name > ${after} order by p.name limit ${limit}`
}

export async function progressOf(query: Query, { name, overlap }: ProjectRow): Promise<Progress> {
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

/** Stores what a person says of a task, in place of what he said before; whether he had said nothing. */
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

/** Takes back what a person said of a task; `false` where he has said nothing. */
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

/** Says what the labels of a project came to; from then on it is complete. */
export async function completeProject(query: Query, name: string, result: Result): Promise<void> {
  await query`update projects set result = ${result} where name = ${name}`
}

/** Deletes a project with its annotations. */
export async function deleteProject(query: Query, name: string): Promise<void> {
  await query`delete from projects where name = ${name}`
}
