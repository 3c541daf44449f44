import type { ObjectRef, Query } from 'mezz/ports'
import type { Progress } from './annotation-queries.ts'

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

/** Says what the labels of a project came to; from then on it is complete. */
export async function completeProject(query: Query, name: string, result: Result): Promise<void> {
  await query`update projects set result = ${result} where name = ${name}`
}

/** Deletes a project with its annotations. */
export async function deleteProject(query: Query, name: string): Promise<void> {
  await query`delete from projects where name = ${name}`
}

/** Up to which version a dataset of this name was deleted; 0 where none was. */
export async function deletedUpTo(query: Query, dataset: string): Promise<number> {
  const [row] = await query<{ versions: number }>`select versions from deleted where dataset = ${dataset}`
  return row?.versions ?? 0
}

/** Forgets the versions of a dataset up to this one, and remembers that they are gone. */
export async function forgetVersions(query: Query, dataset: string, versions: number): Promise<void> {
  await query`
    insert into deleted as known (dataset, versions) values (${dataset}, ${versions})
    on conflict (dataset) do update set versions = greatest(known.versions, excluded.versions)`
  await query`delete from datasets where dataset = ${dataset} and version <= ${versions}`
}

/** Projects over a dataset's versions up to this one, and those that have waited for it since before a time; until the transaction's end they are this one's. */
export async function projectsOfDeleted(
  query: Query,
  dataset: string,
  { versions, time }: { readonly versions: number; readonly time: string },
): Promise<string[]> {
  const rows = await query<{ name: string }>`
    select name from projects where dataset = ${dataset}
      and case when source is null then at <= ${time}::timestamptz + interval '1 millisecond'
        else (source->>'version')::integer <= ${versions} end
    order by name for update`
  return rows.map(({ name }) => name)
}
