-- What was deleted: a dataset up to a version, a view up to an extraction, a model at a time: what is told of older ones
-- comes too late. A script up to a version, from which its versions go on.
create table deleted (
  kind text not null check (kind in ('dataset', 'view', 'model', 'script')),
  name text not null,
  up_to bigint,
  at timestamptz,
  primary key (kind, name),
  check ((kind = 'model') = (at is not null) and (kind = 'model') = (up_to is null))
);
create index runs_pipeline on runs (pipeline);
