-- What a function may do to the team's database beside its own schema: emit, ask for jobs, keep blobs. Each says who did it
-- by the session's role, which no caller can choose.

create table mezz.settings (team text not null);

create table mezz.functions (
  role name primary key,
  name text not null unique,
  emits text[] not null
);

create table mezz.outbox (
  seq bigint generated always as identity primary key,
  id uuid not null,
  source text not null,
  type text not null,
  topic text not null,
  key text not null,
  subject text not null,
  time timestamptz not null default clock_timestamp(),
  traceparent text not null,
  authtype text not null,
  authid text not null,
  causationid text not null,
  correlationid text not null,
  data text not null check (octet_length(data) <= 262144)
);

create table mezz.jobs (
  id uuid primary key,
  owner text not null,
  request jsonb not null,
  -- The envelope's causes, for the event that tells of its end.
  context jsonb not null,
  state text not null default 'queued' check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  attempt integer not null default 0,
  -- Somebody has asked that it ends.
  cancel boolean not null default false,
  engine text,
  lease_until timestamptz,
  progress double precision not null default 0,
  metrics jsonb not null default '{}',
  error text,
  outputs jsonb,
  usage jsonb,
  created_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  ended_at timestamptz
);
create index jobs_open on mezz.jobs (created_at) where state in ('queued', 'running');
create index jobs_flow on mezz.jobs ((context->>'correlationid')) where state in ('queued', 'running');

create table mezz.job_lines (
  job uuid not null references mezz.jobs on delete cascade,
  n bigint not null,
  at timestamptz not null default clock_timestamp(),
  line text not null,
  primary key (job, n)
);

create table mezz.blobs (
  sha256 text not null,
  function text not null,
  owner text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (sha256, function, owner)
);

create function mezz.caller() returns text language plpgsql stable security definer set search_path = pg_catalog as $$
declare found text;
begin
  select f.name into found from mezz.functions f where f.role = session_user;
  if found is null then
    raise exception 'the role % is no function of this team', session_user using errcode = 'insufficient_privilege';
  end if;
  return found;
end $$;

-- Events of a key get their numbers in the order of their commits: the lock is held until then. Locks are taken in one
-- order by everybody, so they cannot deadlock.
create function mezz.emit(events jsonb) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare
  teller text := mezz.caller();
  team text := (select s.team from mezz.settings s);
  foreign_type text;
  pair record;
begin
  select e->>'type' into foreign_type from jsonb_array_elements(events) e
    where e->>'type' <> all (select unnest(f.emits) from mezz.functions f where f.name = teller) limit 1;
  if foreign_type is not null then
    raise exception '% does not declare that it emits %', teller, foreign_type using errcode = 'insufficient_privilege';
  end if;
  for pair in
    select distinct hashtext(e->>'topic') as topic, hashtext(e->>'key') as key from jsonb_array_elements(events) e order by 1, 2
  loop
    perform pg_advisory_xact_lock(pair.topic, pair.key);
  end loop;
  insert into mezz.outbox (id, source, type, topic, key, subject, traceparent, authtype, authid, causationid, correlationid, data)
    select (e->>'id')::uuid, '/' || team || '/' || teller, e->>'type', e->>'topic', e->>'key', e->>'subject',
      e->>'traceparent', e->>'authtype', e->>'authid', e->>'causationid', e->>'correlationid', e->>'data'
    from jsonb_array_elements(events) with ordinality as list(e, n) order by n;
  perform pg_notify('mezz_outbox', '');
end $$;

create function mezz.start_jobs(asked jsonb) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare teller text := mezz.caller();
begin
  insert into mezz.jobs (id, owner, request, context)
    select (j->>'id')::uuid, teller, j->'request', j->'context' from jsonb_array_elements(asked) j;
  perform pg_notify('mezz_jobs', '');
end $$;

-- Asks that a job of one's own ends; what has ended stays as it is.
create function mezz.cancel_job(wanted uuid) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare teller text := mezz.caller();
begin
  update mezz.jobs j set cancel = true where j.id = wanted and j.owner = teller and j.state in ('queued', 'running');
  perform pg_notify('mezz_jobs', '');
end $$;

create function mezz.keep(holder text, digests text[]) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare teller text := mezz.caller();
begin
  insert into mezz.blobs (sha256, function, owner) select distinct d, teller, holder from unnest(digests) d
    on conflict do nothing;
end $$;

-- A function sees its own jobs.
create function mezz.job(wanted uuid)
  returns table (state text, attempt integer, progress double precision, metrics jsonb, error text,
    started_at timestamptz, ended_at timestamptz)
  language sql stable security definer set search_path = pg_catalog as $$
  select j.state, j.attempt, j.progress, j.metrics, j.error, j.started_at, j.ended_at
  from mezz.jobs j where j.id = wanted and j.owner = mezz.caller()
$$;

create function mezz.job_log(wanted uuid, beyond bigint, most integer)
  returns table (n bigint, at timestamptz, line text)
  language sql stable security definer set search_path = pg_catalog as $$
  select l.n, l.at, l.line from mezz.job_lines l join mezz.jobs j on j.id = l.job
  where l.job = wanted and j.owner = mezz.caller() and l.n > beyond order by l.n limit most
$$;

revoke execute on all functions in schema mezz from public;
