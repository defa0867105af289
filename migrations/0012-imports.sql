-- Why: what the top-level node may bring in, what it brought, and where each row came from. A version from before this
-- migration can still run: it reads none of these tables.

-- The top-level node's permissions, as it signed them.
create table import_grants (
  id text collate "C" primary key,
  source text not null,
  target text not null,
  prefixes text[] not null,
  tables text[] not null,
  -- {"basic":["producerName"],"identifiers":["URL"]}: a table that is not named here is granted whole.
  fields json not null,
  -- How many rows it lets in altogether, and how many came.
  rows_max bigint not null,
  rows_used bigint not null,
  begins_at timestamptz not null,
  ends_at timestamptz not null,
  -- The JWS as it came, and the key that signed it.
  token text not null,
  signer text not null,
  added_at timestamptz not null,
  added_by text not null,
  revoked_at timestamptz,
  revoked_by text,
  reason text
);

-- Where the chain of each top-level node stands. Its row lock is what orders batches.
create table import_sources (
  source text collate "C" primary key,
  -- The newest manifest without a gap before it, and its SHA-256 in hex.
  seq bigint not null,
  digest text,
  -- The cursor: every batch up to here was applied, taken back, or parked because of what it says.
  done_seq bigint not null,
  done_at timestamptz,
  -- Since when a batch waits for one that did not come.
  gap_since timestamptz,
  -- When the feed was last asked with success, whether it brought something or not.
  pulled_at timestamptz,
  -- The process that asks it, until when.
  puller text,
  pulling_until timestamptz
);

create table imports (
  id text collate "C" primary key,
  source text collate "C" not null,
  batch text not null,
  seq bigint not null,
  prev text,
  digest text not null,
  grant_id text not null,
  signer text not null,
  via text not null,
  manifest json not null,
  -- The manifest as it was signed: evidence, kept for ever.
  signed bytea not null,
  -- What was answered: json, so that it is answered again in the same words.
  receipt json not null,
  state text not null
    check (state in ('received', 'parked', 'planned', 'released', 'applied', 'rolledBack')),
  -- {"rule","file","row","detail"}: why it is parked.
  fault json,
  -- A fork that the chain passed by: its number belongs to another.
  is_passed_by boolean not null,
  -- Nothing more will happen to it by itself: the next one's turn has come.
  is_done boolean not null,
  rows bigint not null,
  -- Of the plan: {"rows","added","changed","unchanged","withdrawn","conflicting","questions"}.
  counts json not null,
  -- What the counts and the rows behind them were when it was planned; a release is for that plan and no other.
  plan_digest text,
  -- Reviewers who released that plan.
  releasers text[] not null,
  tries integer not null,
  -- Who works on it, until when.
  worker text,
  worked_until timestamptz,
  received_at timestamptz not null,
  updated_at timestamptz not null,
  applied_at timestamptz,
  serial bigint not null
);

create unique index imports_by_seq on imports (source, seq) where not is_passed_by;
create unique index imports_by_batch on imports (source, batch) where not is_passed_by;
create index imports_to_do on imports (source, seq) where not is_done;

-- The files of a batch in pieces, packed and sealed: table 1 names people. They go when nobody needs them any more.
create table import_pieces (
  import text collate "C" not null,
  file text not null,
  piece integer not null,
  bytes bytea not null,
  at timestamptz not null,
  primary key (import, file, piece)
);

create index import_pieces_by_age on import_pieces (at);

-- Rows of table 1: each joins one subject, or waits for a person who says which. Personal items are sealed.
create table import_basics (
  import text collate "C" not null,
  row bigint not null,
  basic json not null,
  personal bytea not null,
  uscc_index text,
  prefix text,
  outcome text not null
    check (outcome in ('added', 'changed', 'unchanged', 'conflicting', 'question', 'skipped')),
  subject text,
  -- The serial of the subject's basic information it was compared with; 0: there was none.
  former_serial bigint not null,
  -- Subjects that it may be about.
  candidates text[] not null,
  -- {"subject"} or {"new":true} or {"skip":true}, and who said so.
  answer json,
  answered_by text,
  answered_at timestamptz,
  -- What it became: the serial of the basic information written, or the application submitted.
  written_serial bigint,
  application text,
  primary key (import, row)
);

create index import_basics_to_ask on import_basics (import, row) where outcome = 'question';

-- What a batch wrote beside records, which say themselves from which batch they are: `prefix:<system>:<prefix>`,
-- `basics:<subject>`.
create table import_writes (
  import text collate "C" not null,
  target text collate "C" not null,
  row bigint not null,
  -- The serial that was written.
  serial bigint not null,
  -- A prefix as it was before; null where it was not there.
  before json,
  primary key (import, target)
);

create index import_writes_by_target on import_writes (target, import);

create table import_nonces (
  key_id text not null,
  nonce text not null,
  ends_at timestamptz not null,
  primary key (key_id, nonce)
);

create index import_nonces_by_age on import_nonces (ends_at);
