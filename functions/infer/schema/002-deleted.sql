-- Datasets that were deleted, up to which version: what is told of these comes too late.
create table deleted (
  dataset text collate "C" primary key,
  versions integer not null
);
create index batches_result on batches (result);
