-- What was used, by the hour; and what lineage tells by names.

-- A function's rows count its processes and its jobs, so the team is the sum of its functions; the rows of jobs and
-- models tell of the same once more, from their side.
create table mezz.usage (
  hour timestamptz not null,
  kind text not null check (kind in ('function', 'job', 'model', 'team')),
  name text not null,
  core_seconds double precision not null default 0,
  peak_memory_bytes bigint not null default 0,
  gpu_seconds double precision not null default 0,
  requests bigint not null default 0,
  predictions bigint not null default 0,
  events bigint not null default 0,
  -- The hour's last reading; none where there was none.
  stored_bytes bigint,
  primary key (hour, kind, name)
);

-- The last report of each writer: one that comes again is not added again.
create table mezz.usage_reports (
  writer uuid primary key,
  number bigint not null,
  at timestamptz not null default clock_timestamp()
);

-- Rows are taken in one order by everybody, so their locks cannot deadlock.
create function mezz.add_usage(spent jsonb) returns void language sql set search_path = pg_catalog as $$
  insert into mezz.usage as u
    (hour, kind, name, core_seconds, peak_memory_bytes, gpu_seconds, requests, predictions, events)
  select date_trunc('hour', (s->>'at')::timestamptz, 'UTC'), s->>'kind', s->>'name',
    coalesce(sum((s->>'coreSeconds')::double precision), 0), coalesce(round(max((s->>'peakMemoryBytes')::numeric)), 0),
    coalesce(sum((s->>'gpuSeconds')::double precision), 0), coalesce(sum((s->>'requests')::bigint), 0),
    coalesce(sum((s->>'predictions')::bigint), 0), coalesce(sum((s->>'events')::bigint), 0)
  from jsonb_array_elements(spent) s group by 1, 2, 3 order by 1, 2, 3
  on conflict (hour, kind, name) do update set core_seconds = u.core_seconds + excluded.core_seconds,
    peak_memory_bytes = greatest(u.peak_memory_bytes, excluded.peak_memory_bytes),
    gpu_seconds = u.gpu_seconds + excluded.gpu_seconds, requests = u.requests + excluded.requests,
    predictions = u.predictions + excluded.predictions, events = u.events + excluded.events
$$;
revoke execute on function mezz.add_usage(jsonb) from public;

-- In the transaction of a job's one end, so it is counted once, in the hour of that end.
create function mezz.count_job() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  perform mezz.add_usage((
    select jsonb_agg(new.usage || jsonb_build_object('at', new.ended_at, 'kind', one.kind, 'name', one.name))
    from (values
      ('function', new.owner),
      ('job', concat_ws('/', new.owner, new.request->>'program', new.request->'for'->>'pipeline')),
      ('model', new.request->'for'->>'model')
    ) one (kind, name) where one.name is not null));
  return null;
end $$;
create trigger jobs_usage after update of usage on mezz.jobs
  for each row when (old.usage is null and new.usage is not null and new.ended_at is not null)
  execute function mezz.count_job();

-- Only rows that were not there before: an event that the relay records again is not counted again.
create function mezz.count_events() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  perform mezz.add_usage((
    select jsonb_agg(jsonb_build_object('at', hour, 'kind', 'function', 'name', name, 'events', n))
    from (
      select date_trunc('hour', at, 'UTC') as hour, split_part(source, '/', 3) as name, count(*) as n
      from told group by 1, 2
    ) counted));
  return null;
end $$;
create trigger flow_events_usage after insert on mezz.flow_events
  referencing new table as told for each statement execute function mezz.count_events();

alter table mezz.lineage_nodes add column deleted_at timestamptz;
create index lineage_nodes_name on mezz.lineage_nodes (kind, name, at);
create index lineage_nodes_run on mezz.lineage_nodes (version) where kind = 'runs';

-- Whatever came of a thing in any number of steps and is still there, in the whole team; without a version, of all its
-- versions. The inner query with its offset is looked up by its index for each row, whatever the planner has guessed.
create function mezz.made_from(of_kind text, of_name text, of_version text)
  returns table (id text, kind text, name text, version text, at timestamptz)
  language sql stable security definer set search_path = pg_catalog as $$
  with recursive made (id) as (
    select n.id from mezz.lineage_nodes n
      where n.kind = of_kind and n.name = of_name and (of_version is null or n.version = of_version)
    union
    select e."to" from made m, lateral (select "to" from mezz.lineage_edges where "from" = m.id offset 0) e
  )
  select n.id, n.kind, n.name, n.version, n.at
  from made m, lateral (select * from mezz.lineage_nodes where lineage_nodes.id = m.id offset 0) n
  where n.deleted_at is null
    and not (n.kind = of_kind and n.name = of_name and (of_version is null or n.version = of_version))
  order by n.at, n.id
$$;
revoke execute on function mezz.made_from(text, text, text) from public;
