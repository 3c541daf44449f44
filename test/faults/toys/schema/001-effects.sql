-- An effect is a row; nothing here keeps it from being there twice, so that it would be seen.
create table effects (
  n bigint generated always as identity primary key,
  route text not null,
  source text not null,
  id text not null,
  key text not null,
  number bigint not null,
  sha256 text not null,
  object jsonb
);
-- What the requests of the generator made, each once.
create table things (key text not null, number bigint not null);
