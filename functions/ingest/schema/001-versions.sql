create table versions (
  dataset text collate "C" not null,
  version integer not null,
  -- sha256 of the decoded bytes, and how many they were.
  digest text not null,
  bytes bigint not null,
  rows bigint not null,
  columns jsonb not null,
  -- Parquet blobs, in the order of the rows.
  parts jsonb not null,
  at timestamptz not null default now(),
  primary key (dataset, version)
);
