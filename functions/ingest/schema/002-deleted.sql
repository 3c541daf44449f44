-- Datasets that were deleted, up to which version: versions of this name go on from there, and what is told of older ones
-- comes too late.
create table deleted (
  dataset text collate "C" primary key,
  versions integer not null,
  at timestamptz not null default clock_timestamp()
);
