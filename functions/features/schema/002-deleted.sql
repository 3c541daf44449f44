-- Datasets that were deleted, up to which version: what is told of these comes too late.
create table deleted (
  dataset text collate "C" primary key,
  versions integer not null
);

-- When a view was last put: one that was put after its dataset's deletion waits for the next data.
alter table views add column put_at timestamptz not null default clock_timestamp();
