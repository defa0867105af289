-- Why: who exists and what they have authority over. Small tables: every process holds them in memory.

create table subjects (
  id text primary key,
  code text collate "C" not null unique,
  name text not null,
  status text not null check (status in ('active', 'suspended', 'revoked')),
  successor text,
  -- The credit code is found by a keyed digest and read by unsealing, never stored in clear.
  uscc_index text unique,
  uscc_sealed bytea,
  region text,
  industry text,
  grade text,
  epoch bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- The last number given under a code prefix and key version; taken in the transaction that issues the code.
create table code_sequences (
  prefix text not null,
  version integer not null,
  last bigint not null,
  primary key (prefix, version)
);

create table prefixes (
  system text not null,
  prefix text collate "C" not null,
  owner text references subjects (id),
  state text not null check (state in ('awaiting', 'enabled', 'disabled')),
  served text not null check (served in ('hosted', 'delegated')),
  sites json not null,
  uses text[] not null,
  epoch bigint not null,
  serial bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (system, prefix)
);

create index prefixes_by_owner on prefixes (owner);
