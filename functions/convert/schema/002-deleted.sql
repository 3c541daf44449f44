-- When its run was asked for, by the database's clock.
alter table conversions add column ordered_at timestamptz;
create index conversions_model on conversions (model);

-- Models that were deleted, and when: runs that were asked for before are converted for nobody.
create table deleted (
  model text primary key,
  at timestamptz not null
);
