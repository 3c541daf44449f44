-- What the engine keeps: the embedded log, its own positions, what waits and what failed, flow runs and lineage.

create table mezz.topics (
  name text primary key,
  partitions integer not null,
  identity uuid not null default gen_random_uuid()
);
create table mezz.partitions (
  topic text not null references mezz.topics,
  partition integer not null,
  low bigint not null default 0,
  next bigint not null default 0,
  primary key (topic, partition)
);
create table mezz.log (
  topic text not null,
  partition integer not null,
  "offset" bigint not null,
  key text not null,
  headers jsonb not null,
  value text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (topic, partition, "offset")
);
create table mezz.members (
  "group" text not null,
  member text not null,
  topics text[] not null,
  seen timestamptz not null default clock_timestamp(),
  primary key ("group", member)
);

create table mezz.positions (
  trigger text not null,
  topic text not null,
  partition integer not null,
  -- Of the topic: one that was made anew under the same name has positions of its own.
  identity text not null,
  epoch bigint not null,
  -- The last write of this epoch: one that is repeated changes nothing.
  number bigint not null default 0,
  position bigint not null,
  -- [from, to) pairs of offsets above the position that are passed.
  ranges jsonb not null default '[]',
  updated_at timestamptz not null default clock_timestamp(),
  primary key (trigger, topic, partition, identity)
);
create table mezz.parked (
  trigger text not null,
  topic text not null,
  partition integer not null,
  identity text not null,
  "offset" bigint not null,
  record jsonb not null,
  attempts integer not null,
  due timestamptz not null,
  primary key (trigger, topic, partition, identity, "offset")
);
create table mezz.dead_letters (
  id uuid primary key,
  trigger text not null,
  topic text not null,
  partition integer not null,
  identity text not null,
  "offset" bigint not null,
  record jsonb not null,
  attempts integer not null,
  error jsonb not null,
  -- Equal for those that died of the same thing.
  fingerprint text not null,
  at timestamptz not null default clock_timestamp(),
  -- When it is delivered again; null while nobody has asked for it.
  redrive_at timestamptz,
  unique (trigger, topic, partition, identity, "offset")
);
create index dead_letters_redrive on mezz.dead_letters (redrive_at) where redrive_at is not null;
create index dead_letters_flow on mezz.dead_letters ((record->'headers'->>'ce_correlationid'));
create table mezz.schedules (
  trigger text primary key,
  -- The last instant that was told of, or when it was first seen.
  last timestamptz not null
);
create table mezz.triggers (
  name text primary key,
  state text not null default 'running' check (state in ('running', 'paused', 'stopped')),
  reason text,
  number bigint not null default 0
);

create table mezz.cancelled_flows (
  correlationid text primary key,
  at timestamptz not null default clock_timestamp()
);
create table mezz.flow_events (
  id text not null,
  source text not null,
  type text not null,
  subject text not null,
  correlationid text not null,
  causationid text not null,
  authid text not null,
  at timestamptz not null,
  -- Why, where the event itself tells of a failure.
  failure text,
  primary key (source, id)
);
create index flow_events_run on mezz.flow_events (correlationid, at);
create table mezz.flow_steps (
  correlationid text not null,
  source text not null,
  event text not null,
  type text not null,
  -- The trigger, or `job/<id>`.
  step text not null,
  subject text not null,
  function text not null,
  state text not null check (state in ('running', 'waiting', 'done', 'dead', 'failed', 'cancelled')),
  waiting_for text,
  at timestamptz not null,
  ms double precision,
  attempts integer not null default 0,
  process text,
  cold_start_ms double precision,
  error text,
  primary key (step, source, event)
);
create index flow_steps_run on mezz.flow_steps (correlationid, at);

create table mezz.lineage_nodes (
  id text primary key,
  kind text not null,
  name text not null,
  version text,
  digest text,
  at timestamptz not null
);
create table mezz.lineage_edges (
  "from" text not null,
  "to" text not null,
  by text not null,
  primary key ("from", "to", by)
);
create index lineage_edges_to on mezz.lineage_edges ("to");
