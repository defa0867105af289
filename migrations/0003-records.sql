-- Why: the identifiers themselves. The prefix is part of every key, so that the tables can be partitioned by it.
-- Values are json, not jsonb: they are read and written whole, and keep the order of their members.

create table records (
  key text collate "C" not null,
  prefix text collate "C" not null,
  identifier text not null,
  system text not null,
  kind text not null,
  values json not null,
  aliases json not null,
  subject text,
  submitter text not null,
  basis text not null,
  serial bigint not null,
  successor text,
  gone json,
  -- The job or batch that wrote it as it is; null for a single write.
  source text collate "C",
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (key, prefix)
);

create index records_by_prefix on records (prefix, key);

-- What a record was before each write that changed it.
create table record_versions (
  key text collate "C" not null,
  prefix text collate "C" not null,
  serial bigint not null,
  kind text not null,
  values json not null,
  aliases json not null,
  submitter text not null,
  basis text not null,
  successor text,
  gone json,
  source text collate "C",
  written_at timestamptz not null,
  primary key (key, prefix, serial)
);

-- Which record an alias leads to; what the alias is stands in the record.
create table aliases (
  key text collate "C" primary key,
  system text not null,
  -- The part that decides who may answer for the alias: a change of that prefix finds the records it touches.
  authority text collate "C" not null,
  record_key text collate "C" not null,
  record_prefix text collate "C" not null
);

create index aliases_by_record on aliases (record_key, record_prefix);
create index aliases_by_authority on aliases (system, authority);

-- From a public value back to the records that have it; a digest, because values may be long and an index entry may not.
create table public_values (
  digest bigint not null,
  key text collate "C" not null
);

-- Also how the entries of a record are found: by the digests of its values, which it says itself. A second index would
-- cost every import as much again.
create index public_values_by_digest on public_values (digest, key);
