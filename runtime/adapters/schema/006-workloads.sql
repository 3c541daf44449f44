-- Which workloads there should be: each is its teller's alone to change.
create table mezz.workloads (
  name text primary key,
  owner text not null,
  workload jsonb not null,
  at timestamptz not null default clock_timestamp()
);

create function mezz.serve(wanted text, what jsonb) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare teller text := mezz.caller();
begin
  if exists (select from mezz.workloads w where w.name = wanted and w.owner <> teller) then
    raise exception 'the workload % is not of %', wanted, teller using errcode = 'insufficient_privilege';
  end if;
  if what is null then
    delete from mezz.workloads w where w.name = wanted;
    if not found then return; end if;
  else
    insert into mezz.workloads (name, owner, workload) values (wanted, teller, what)
      on conflict (name) do update set workload = excluded.workload, at = clock_timestamp();
  end if;
  perform pg_notify('mezz_workloads', '');
end $$;
revoke execute on function mezz.serve(text, jsonb) from public;
