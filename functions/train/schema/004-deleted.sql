-- What was deleted elsewhere: a dataset up to a version, a view up to an extraction, a model at a time. What is told of
-- older ones comes too late.
create table deleted (
  kind text not null check (kind in ('dataset', 'view', 'model')),
  name text not null,
  up_to bigint,
  at timestamptz,
  primary key (kind, name),
  check ((kind = 'model') = (at is not null) and (kind = 'model') = (up_to is null))
);
create index runs_pipeline on runs (pipeline);
