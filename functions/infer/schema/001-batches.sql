-- The versions of datasets that were heard of: what a batch can predict, and by its digest what one has become.
create table datasets (
  dataset text collate "C" not null,
  version integer not null,
  digest text not null,
  parts jsonb not null,
  columns jsonb not null,
  rows bigint not null,
  primary key (dataset, version)
);

create table batches (
  id uuid primary key,
  model text collate "C" not null,
  version integer not null,
  dataset text collate "C" not null,
  dataset_version integer not null,
  result text collate "C" not null,
  job uuid not null,
  -- While its job has no end it is `queued`, and the job tells more.
  state text not null default 'queued' check (state in ('queued', 'succeeded', 'failed', 'cancelled')),
  rows bigint not null,
  -- Rows that got no prediction.
  unpredicted bigint,
  -- `sha256:` + hex of the Parquet file of the predictions, which is the digest of the version that they become.
  digest text,
  error text,
  created_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz
);
create index batches_model on batches (model, id);
create index batches_job on batches (job);
