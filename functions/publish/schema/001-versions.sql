-- What is known of a training run; the version is made when both facts are there.
create table runs (
  run text primary key,
  model text not null,
  trained jsonb,
  -- Either {onnx, report} or {reason}.
  conversion jsonb
);

create table versions (
  model text not null,
  version integer not null,
  run text not null unique references runs,
  state text not null check (state in ('candidate', 'published', 'rejected', 'retired')),
  metrics jsonb not null,
  inputs jsonb not null,
  package jsonb,
  reason text,
  -- Percent.
  traffic double precision not null default 0,
  -- Its place among the model's publications; null where it never was published, or was rolled back.
  turn integer,
  at timestamptz not null default now(),
  primary key (model, version),
  check ((state = 'rejected') = (reason is not null)),
  check (state = 'rejected' or package is not null)
);

create unique index one_published on versions (model) where state = 'published';
