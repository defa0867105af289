-- What a job wrote of prefixes, which keep no versions of their own: kept as long as its rows, to take it back by.
create table job_prefixes (
  job text collate "C" not null,
  row_no bigint not null,
  system text not null,
  prefix text collate "C" not null,
  -- The serial that was written.
  serial bigint not null,
  -- The prefix as it was before; null where it was not there.
  before json,
  primary key (job, row_no)
);
