-- What is let go: blobs that their last owner released, and rows whose time is over.

-- Of the calling function's own rows alone.
create function mezz.release(holder text) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare teller text := mezz.caller();
begin
  delete from mezz.blobs where function = teller and owner = holder;
end $$;
revoke execute on function mezz.release(text) from public;
create index blobs_owner on mezz.blobs (function, owner);
