-- What should be trained, on which extractions it can be, and what was.

create table pipelines (
  name text primary key,
  dataset text,
  view text not null,
  model text not null,
  target text not null,
  task text not null,
  trainer text not null,
  parameters jsonb not null,
  resources jsonb,
  holdout double precision not null,
  publish jsonb,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
create index pipelines_view on pipelines (view);

create table extractions (
  extraction text primary key,
  view text not null,
  n bigint generated always as identity,
  facts jsonb not null,
  at timestamptz not null default clock_timestamp()
);
create index extractions_view on extractions (view, n);

create table runs (
  id uuid primary key,
  pipeline text not null,
  model text not null,
  view text not null,
  extraction text not null,
  -- What makes an automatic run the only one: pipeline, extraction and settings; none where somebody asked for the run.
  once text unique,
  order_facts jsonb not null,
  job uuid,
  state text not null check (state in ('queued', 'succeeded', 'failed', 'cancelled')),
  metrics jsonb not null default '{}',
  error text,
  created_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  finished_at timestamptz
);
create index runs_model on runs (model, id);
create index runs_job on runs (job);
