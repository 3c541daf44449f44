import type { ObjectRef, Query } from 'mezz/ports'
import type { Head, Repository } from '../git-look.ts'
import type { ScriptRow } from './version.ts'

/** Adds a version of a script, unless its newest has the same files and entry: then that one. To be called under the script's lock. */
export async function saveScript(
  query: Query,
  script: Pick<ScriptRow, 'name' | 'entry' | 'files'> & { readonly object: ObjectRef },
): Promise<{ saved: ScriptRow; isNew: boolean }> {
  const newest = await newestScript(query, script.name)
  if (newest?.object.sha256 === script.object.sha256 && newest.entry === script.entry)
    return { saved: newest, isNew: false }
  const [row] = await query<ScriptRow>`
    insert into scripts (name, version, entry, files, object)
    values (${script.name},
      1 + coalesce(${newest?.version ?? null}::integer,
        (select up_to from deleted where kind = 'script' and name = ${script.name}), 0), ${script.entry}, ${script.files}::jsonb, ${script.object}::jsonb)
    returning *`
  if (!row) throw new Error(`script ${script.name} was not stored`)
  return { saved: row, isNew: true }
}

export async function newestScript(query: Query, name: string): Promise<ScriptRow | null> {
  const [row] = await query<ScriptRow>`select * from scripts where name = ${name} order by version desc limit 1`
  return row ?? null
}

/** Whether this version is there; if so, nobody deletes it until this transaction's end. */
export async function shareScript(
  query: Query,
  { name, version }: Pick<ScriptRow, 'name' | 'version'>,
): Promise<boolean> {
  return (await query`select 1 from scripts where name = ${name} and version = ${version} for share`).length > 0
}

/** Deletes all versions of a script and answers with their numbers, in their order. */
export async function deleteScript(query: Query, name: string): Promise<number[]> {
  const rows = await query<{ version: number }>`delete from scripts where name = ${name} returning version`
  return rows.map(({ version }) => version).sort((a, b) => a - b)
}

export async function listScripts(query: Query, page: { limit: number; after: string }): Promise<ScriptRow[]> {
  return query<ScriptRow>`
    select distinct on (name) * from scripts where name > ${page.after} order by name, version desc limit ${page.limit}`
}

/** Keeps what a look has found; a look that found nothing leaves the commit that is known. */
export async function keepHead(query: Query, { git, ref }: Repository, head: Head): Promise<void> {
  const commit = 'commit' in head ? head.commit : null
  const error = 'error' in head ? head.error : null
  await query`
    insert into git_heads as known (git, ref, commit, error) values (${git}, ${ref}, ${commit}, ${error})
    on conflict (git, ref) do update set commit = coalesce(excluded.commit, known.commit), error = excluded.error,
      looked_at = clock_timestamp()`
}

/** Forgets what looks have found of repositories that no pipeline trains from any more. */
export async function forgetHeads(query: Query): Promise<void> {
  await query`
    delete from git_heads h where not exists (
      select 1 from pipelines p where p.trainer->>'git' = h.git and p.trainer->>'ref' = h.ref)`
}

export async function findHead(
  query: Query,
  { git, ref }: Repository,
): Promise<{ readonly commit: string | null; readonly error: string | null } | null> {
  const [row] = await query<{ commit: string | null; error: string | null }>`
    select commit, error from git_heads where git = ${git} and ref = ${ref}`
  return row ?? null
}
