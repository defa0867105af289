-- Why: what was committed, told to followers and kept as evidence. Rows are written without a number in the
-- transaction they tell of, and numbered after its commit, in order and without gaps, under the lock of `sequence`.

-- One row tells of one write, or of a slice of a job: then `items` names its identifiers, one number each, and `seq` is
-- the last of these numbers.
create table changes (
  id text collate "C" primary key,
  seq bigint unique,
  count integer not null default 1,
  -- In the order of their numbers: [[identifier, serial, op, kind, key, …keys of aliases], …].
  items json,
  identifier text not null,
  prefix text collate "C" not null,
  serial bigint not null,
  op text not null,
  kind text not null,
  keys text[] not null,
  -- The order of numbering: the database's own clock, so that two writes of one record are numbered as they were committed.
  queued_at timestamptz not null default clock_timestamp(),
  -- Rows of `prefixes` and `subjects` that changed: {"prefixes":[["handle","88.118.8"]],"subjects":["…"]}.
  directory jsonb,
  at timestamptz not null
);

-- Compressing costs more than writing what it saves.
alter table changes alter column items set storage external;

create index changes_unnumbered on changes (queued_at, id) where seq is null;

create table audit (
  id text collate "C" primary key,
  seq bigint unique,
  at timestamptz not null,
  actor text not null,
  role text not null,
  action text not null,
  target text not null,
  detail jsonb not null,
  queued_at timestamptz not null default clock_timestamp(),
  -- SHA-256 over the previous row's hash and this row; set together with seq.
  hash bytea
);

create index audit_unnumbered on audit (queued_at, id) where seq is null;
create index audit_by_target on audit (target, seq);

create table sequence (
  id integer primary key check (id = 1),
  change_seq bigint not null,
  audit_seq bigint not null,
  audit_hash bytea not null
);

insert into sequence (id, change_seq, audit_seq, audit_hash) values (1, 0, 0, decode(repeat('00', 32), 'hex'));

create table idempotency (
  scope text not null,
  key text not null,
  digest bytea not null,
  -- JSON text, not jsonb: a repetition gets the same bytes, and jsonb reorders members.
  outcome text,
  at timestamptz not null,
  primary key (scope, key)
);

create index idempotency_by_age on idempotency (at);

-- What a server that froze does when it goes on: the statement is still there, its sender has been told that it failed.
create function demand_in_time(given_up_at timestamptz) returns boolean language plpgsql as $$
begin
  if clock_timestamp() > given_up_at then
    raise exception 'came after it was given up at %', given_up_at using errcode = 'QXM01';
  end if;
  return true;
end
$$;
