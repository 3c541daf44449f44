-- Scripts are data: each version its files as one object, by their digest.
create table scripts (
  name text not null,
  version integer not null,
  entry text not null,
  -- [{path, bytes}]
  files jsonb not null,
  object jsonb not null,
  at timestamptz not null default clock_timestamp(),
  primary key (name, version)
);

-- `"gbdt"`, {"script": name} or {"git": url, "ref": ref, "path": path}.
alter table pipelines alter column trainer type jsonb using to_jsonb(trainer);
alter table pipelines add column runtime text;
-- Seconds that a run of a script may take.
alter table pipelines add column timeout integer;
create index pipelines_script on pipelines ((trainer->>'script'));

-- What a look at a repository has found: the commit of a ref, or why there is none.
create table git_heads (
  git text not null,
  ref text not null,
  commit text,
  error text,
  looked_at timestamptz not null default clock_timestamp(),
  primary key (git, ref)
);
