-- Models that were deleted, up to which version and when: versions of this name go on from there, and what comes of runs
-- that were asked for before is for nobody.
create table deleted (
  model text primary key,
  versions integer not null,
  at timestamptz not null default clock_timestamp()
);
create index runs_model on runs (model);
