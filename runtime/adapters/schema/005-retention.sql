-- What is let go: blobs that their last owner released, and rows whose time is over.

-- Of the calling function's own rows alone.
create function mezz.release(holder text) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare teller text := mezz.caller();
begin
  delete from mezz.blobs where function = teller and owner = holder;
end $$;
revoke execute on function mezz.release(text) from public;
create index blobs_owner on mezz.blobs (function, owner);

-- The sweeper takes a blob only while it holds this lock alone: whoever keeps it meanwhile waits, and finds it or its absence.
create function mezz.blob_bucket(digest text) returns integer language sql immutable set search_path = pg_catalog as $$
  select hashtext(digest) & 255
$$;
create or replace function mezz.keep(holder text, digests text[]) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare teller text := mezz.caller();
begin
  perform pg_advisory_xact_lock_shared(hashtext('mezz blobs'), b.bucket)
    from (select distinct mezz.blob_bucket(d) as bucket from unnest(digests) d order by 1) b;
  insert into mezz.blobs (sha256, function, owner) select distinct d, teller, holder from unnest(digests) d
    on conflict do nothing;
end $$;

-- Of what lies in a function's schema and is the platform's: the engine may let old rows of it go, and cannot read them.
create function mezz.expire(of_function text, of_table text, before timestamptz, most integer) returns bigint
  language plpgsql security definer set search_path = pg_catalog as $$
declare
  place text;
  gone bigint;
begin
  if of_table not in ('inbox', 'idempotency') or not exists (select from mezz.functions f where f.name = of_function) then
    raise exception '%.% is no table whose rows expire', of_function, of_table using errcode = 'insufficient_privilege';
  end if;
  place := format('%I.%I', of_function, of_table);
  if to_regclass(place) is null then return 0; end if;
  execute format('delete from %1$s where ctid = any (array(select ctid from %1$s where at < $1 limit $2))', place)
    using before, most;
  get diagnostics gone = row_count;
  return gone;
end $$;
revoke execute on function mezz.blob_bucket(text), mezz.expire(text, text, timestamptz, integer) from public;

-- Since when the engine has seen rows of a trigger that there is no more.
create table mezz.gone_triggers (
  name text primary key,
  since timestamptz not null
);

create index flow_events_at on mezz.flow_events (at);
create index flow_steps_at on mezz.flow_steps (at);
create index jobs_ended on mezz.jobs (ended_at) where ended_at is not null;
