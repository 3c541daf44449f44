-- The newest version of each dataset that was heard of: what a new project's tasks will be.
create table datasets (
  dataset text collate "C" primary key,
  version integer not null,
  parts jsonb not null,
  columns jsonb not null,
  rows bigint not null
);

create table projects (
  name text collate "C" primary key,
  dataset text collate "C" not null,
  "column" text not null,
  labels jsonb not null,
  overlap integer not null,
  at timestamptz not null default clock_timestamp(),
  -- The version whose rows are its tasks; none while the dataset has not been heard of.
  source jsonb,
  -- What its labels came to, once it is complete.
  result jsonb
);
create index projects_waiting on projects (dataset) where source is null;

-- A task is the index of a row.
create table annotations (
  project text collate "C" not null references projects on delete cascade,
  task bigint not null,
  person text collate "C" not null,
  label text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (project, task, person)
);

-- Who works on which task, and until when nobody else gets it in their place.
create table leases (
  project text collate "C" not null references projects on delete cascade,
  task bigint not null,
  person text collate "C" not null,
  until timestamptz not null,
  primary key (project, task, person)
);

-- Before which task every one has a label: the search for one that nobody has begins there.
create table frontiers (
  project text collate "C" primary key references projects on delete cascade,
  task bigint not null
);

-- The label of a task: the one most people gave; of as many, the one that was given first.
create view decided as
  select distinct on (project, task) project, task, label
  from (
    select project, task, label, count(*) as votes, min(at) as first
    from annotations group by project, task, label
  ) as votes
  order by project, task, votes desc, first, label;
