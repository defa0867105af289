-- Why: bulk work. A job and its staged rows survive the process that received them: whoever takes over goes on from the
-- last committed slice. A version from before this migration can still run; it leaves jobs alone.

create table jobs (
  id text collate "C" primary key,
  target text not null,
  mode text not null check (mode in ('all', 'best')),
  dry_run boolean not null,
  state text not null check (state in ('received', 'checking', 'checked', 'applying', 'done', 'failed', 'cancelled', 'undone')),
  -- What a process is to do next with it; null: nothing.
  task text check (task in ('receive', 'check', 'apply', 'undo')),
  -- Whose rows they are: the rights of single writes, asked again while they are applied.
  caller json not null,
  client text not null,
  subject text,
  format text not null,
  -- Columns of the file as spelled, and its detected charset.
  columns json not null,
  charset text,
  sha256 bytea,
  byte_count bigint not null,
  row_count bigint not null,
  added bigint not null,
  changed bigint not null,
  unchanged bigint not null,
  refused bigint not null,
  -- Rows up to this one are applied; undone, while it is being undone.
  reached bigint not null,
  -- Where slices begin that are done beyond that.
  ahead json not null default '[]',
  last_row bigint not null,
  undone_by json,
  cancel_asked boolean not null,
  -- Why it failed: {"code","zh","en","row"?}.
  reason json,
  receipt text,
  idempotency_key text,
  lease text,
  lease_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  ended_at timestamptz
);

create index jobs_waiting on jobs (created_at) where task is not null;
create index jobs_by_client on jobs (client, id);
create index jobs_by_age on jobs (ended_at);
create unique index jobs_by_idempotency_key on jobs (client, idempotency_key) where idempotency_key is not null;

-- Where rows of an owner lie: few, whatever their number, so that authority is asked for places and not for rows.
create table staged_places (
  owner text collate "C" not null,
  place integer not null,
  system text not null,
  authority text collate "C" not null,
  prefix text collate "C" not null,
  primary key (owner, place)
);

-- Rows of jobs and batches, checked and not yet written; appended by COPY, never updated.
create table staged_rows (
  owner text collate "C" not null,
  row_no bigint not null,
  place integer not null,
  op text not null,
  key text collate "C" not null,
  identifier text not null,
  kind text,
  -- JSON with `@` for the timestamps, made json when it is written: parsed once, not twice.
  values text not null,
  aliases text,
  -- '' is none, null is as it was.
  successor text,
  -- Of the searchable values, as `public_values` has them.
  digests bigint[],
  primary key (owner, row_no)
);

create table staged_refusals (
  owner text collate "C" not null,
  row_no bigint not null,
  -- {"pointer","rule","zh","en"}.
  error json not null,
  cells json,
  primary key (owner, row_no)
);
