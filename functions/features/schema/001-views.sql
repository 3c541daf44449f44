-- What this function keeps of the datasets it has heard of.
create table versions (
  dataset text collate "C" not null,
  version integer not null,
  parts jsonb not null,
  columns jsonb not null,
  rows bigint not null,
  primary key (dataset, version)
);

create table views (
  name text collate "C" primary key,
  dataset text collate "C" not null,
  leave_out jsonb not null,
  at timestamptz not null default now()
);
create index views_of on views (dataset);

create table extractions (
  id text primary key,
  n bigint generated always as identity unique,
  view text collate "C" not null references views,
  dataset text collate "C" not null,
  version integer not null,
  leave_out jsonb not null,
  -- Either the blobs and the names of the features, or the reason why there are none.
  definition jsonb,
  "table" jsonb,
  columns jsonb,
  rows bigint,
  reason text,
  at timestamptz not null default now(),
  check ((reason is null) = ("table" is not null))
);
create index extractions_of on extractions (view, n);
