import { hash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RESERVED } from '../reserved.ts'
import type { Database } from './postgres.ts'
import { openDatabase } from './postgres.ts'

export interface FunctionSchema {
  readonly name: string
  /** Event types it may emit. */
  readonly emits: readonly string[]
  /** Its `schema/` folder, or `null` where it has none. */
  readonly folder: string | null
}

export interface TeamDatabase {
  readonly team: string
  /** A role that may make databases and roles. */
  readonly adminUrl: string
  /** A stable secret for each role. */
  password(role: string): string
  /** What each role waits for at most. */
  readonly limits?: SqlLimits
}

/** Milliseconds that a statement may take, and wait for a lock; of the role, so that they hold behind a pooler too. */
export interface SqlLimits {
  readonly statement: number
  readonly lock: number
}

export interface TeamUrls {
  readonly engine: string
  of(functionName: string): string
}

const PLATFORM = join(import.meta.dirname, 'schema')
const LONGEST_NAME = 63
const LIMITS: SqlLimits = { statement: 60_000, lock: 15_000 }
/** Of the functions' own schemas: what every one has. */
const COMMON = `
  create table if not exists idempotency (
    caller text not null, route text not null, key text not null, request uuid, digest text, bytes bigint, answer jsonb,
    at timestamptz not null default clock_timestamp(), primary key (caller, route, key)
  );
  do $$ begin
    -- Made before answers could be missing.
    if not exists (select from pg_attribute where attrelid = 'idempotency'::regclass and attname = 'request') then
      alter table idempotency add request uuid, add bytes bigint, alter digest drop not null, alter answer drop not null;
    end if;
  end $$;
  create table if not exists inbox (
    path text not null, source text not null, id text not null, at timestamptz not null default clock_timestamp(),
    primary key (path, source, id)
  );
  do $$ begin
    -- Asked for first: even an index that is there would wait for whoever writes.
    if to_regclass('inbox_at') is null then create index inbox_at on inbox (at); end if;
    if to_regclass('idempotency_at') is null then create index idempotency_at on idempotency (at); end if;
  end $$`

/** Database, roles and tables of a team, made or brought up to date; safe to repeat and to run twice at once. */
export async function prepareTeam(team: TeamDatabase, functions: readonly FunctionSchema[]): Promise<TeamUrls> {
  const taken = functions.find((one) => RESERVED.includes(one.name))
  if (taken) throw new Error(`no function may be named ${taken.name}: it is a name of the platform itself`)
  const name = databaseName(team.team)
  const { limits = LIMITS } = team
  const admin = openDatabase({ url: team.adminUrl, most: 1, name: 'mezz prepare' })
  const owner = openDatabase({ url: urlOf(team.adminUrl, { database: name }), most: 1, name: 'mezz prepare' })
  try {
    await admin.holding('mezz prepare', async () => {
      await makeDatabase(admin, name)
      await role(admin, {
        name: roleName(team.team, 'engine'),
        password: team.password('engine'),
        database: name,
        limits,
      })
      for (const one of functions) {
        await role(admin, {
          name: roleName(team.team, one.name),
          password: team.password(one.name),
          database: name,
          limits,
        })
      }
      await platform(owner, team.team)
      for (const one of functions) await functionSchema(owner, team.team, one)
    })
  } finally {
    await Promise.all([admin.close(), owner.close()])
  }
  return urls(team)
}

/** Where each role of the team connects; says nothing of whether it is there. */
export function urls({ team, adminUrl, password }: TeamDatabase): TeamUrls {
  const of = (one: string): string =>
    urlOf(adminUrl, { database: databaseName(team), user: roleName(team, one), password: password(one) })
  return { engine: of('engine'), of }
}

function databaseName(team: string): string {
  return short(`mezz_${team}`)
}

function roleName(team: string, functionName: string): string {
  return short(`mezz_${team}_${functionName}`)
}

function short(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 9)}_${hash('sha256', name).slice(0, 8)}`
}

function urlOf(base: string, to: { database: string; user?: string; password?: string }): string {
  const url = new URL(base)
  url.pathname = `/${to.database}`
  if (to.user) url.username = to.user
  if (to.password) url.password = encodeURIComponent(to.password)
  return url.href
}

async function makeDatabase(admin: Database, name: string): Promise<void> {
  const there = await admin.query`select 1 from pg_database where datname = ${name}`
  if (there.length === 0) await admin.script(`create database ${quoted(name)}`)
  await admin.script(`revoke all on database ${quoted(name)} from public`)
}

async function role(
  admin: Database,
  wanted: { name: string; password: string; database: string; limits: SqlLimits },
): Promise<void> {
  const there = await admin.query`select 1 from pg_roles where rolname = ${wanted.name}`
  const verb = there.length === 0 ? 'create' : 'alter'
  await admin.script(`
    ${verb} role ${quoted(wanted.name)} login nosuperuser nocreatedb nocreaterole password ${literal(wanted.password)};
    alter role ${quoted(wanted.name)} set statement_timeout = ${Math.ceil(wanted.limits.statement)};
    alter role ${quoted(wanted.name)} set lock_timeout = ${Math.ceil(wanted.limits.lock)};
    grant connect on database ${quoted(wanted.database)} to ${quoted(wanted.name)}`)
}

async function platform(owner: Database, team: string): Promise<void> {
  const engine = quoted(roleName(team, 'engine'))
  await owner.script(`
    create schema if not exists mezz;
    revoke all on schema public from public;
    create table if not exists mezz.migrations (
      schema text not null, file text not null, sha256 text not null, at timestamptz not null default clock_timestamp(),
      primary key (schema, file))`)
  await migrate(owner, { schema: 'mezz', folder: PLATFORM })
  await owner.script(`
    insert into mezz.settings select ${literal(team)} where not exists (select from mezz.settings);
    grant usage on schema mezz to ${engine};
    grant select, insert, update, delete on all tables in schema mezz to ${engine};
    grant usage on all sequences in schema mezz to ${engine};
    grant execute on function mezz.add_usage(jsonb), mezz.blob_bucket(text),
      mezz.expire(text, text, timestamptz, integer) to ${engine};
    alter role ${engine} set search_path = mezz`)
}

async function functionSchema(owner: Database, team: string, { name, emits, folder }: FunctionSchema): Promise<void> {
  const own = roleName(team, name)
  const [role, schema] = [quoted(own), quoted(name)]
  await owner.script(`
    create schema if not exists ${schema};
    set search_path = ${schema}; ${COMMON}; reset search_path;
    grant usage on schema ${schema}, mezz to ${role};
    grant execute on function mezz.emit(jsonb), mezz.start_jobs(jsonb), mezz.keep(text, text[]), mezz.release(text),
      mezz.job(uuid), mezz.job_log(uuid, bigint, integer), mezz.cancel_job(uuid), mezz.made_from(text, text, text),
      mezz.serve(text, jsonb) to ${role};
    alter role ${role} set search_path = ${schema}`)
  await owner.query`
    insert into mezz.functions (role, name, emits) values (${own}, ${name}, ${[...emits]}::text[])
    on conflict (role) do update set emits = excluded.emits`
  if (folder) await migrate(owner, { schema: name, folder })
  await owner.script(`
    grant select, insert, update, delete on all tables in schema ${schema} to ${role};
    grant usage on all sequences in schema ${schema} to ${role}`)
}

/** Forward only, each file once and whole; one that was changed after it ran is refused. */
async function migrate(owner: Database, { schema, folder }: { schema: string; folder: string }): Promise<void> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()
  const done = await owner.query<{ file: string; sha256: string }>`
    select file, sha256 from mezz.migrations where schema = ${schema}`
  for (const file of files) {
    const text = await readFile(join(folder, file), 'utf8')
    const sha256 = hash('sha256', text)
    const before = done.find((one) => one.file === file)
    if (before && before.sha256 !== sha256) {
      throw new Error(`${schema}: ${file} was changed after it ran; schema files go forward only: add a new one`)
    }
    if (before) continue
    await owner
      .script(`
      begin; set local search_path = ${quoted(schema)};
      ${text};
      insert into mezz.migrations (schema, file, sha256) values (${literal(schema)}, ${literal(file)}, ${literal(sha256)});
      commit`)
      .catch((error: unknown) => {
        throw new Error(`${schema}: ${file} failed: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        })
      })
  }
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
