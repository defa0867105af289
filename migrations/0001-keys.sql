-- Why: what the node needs before it can trust anyone: its own keys, wrapped by the master key, and the machines it knows.

create table keys (
  purpose text not null,
  scope text not null,
  version integer not null,
  algorithm text not null,
  state text not null check (state in ('active', 'retired', 'destroyed')),
  wrapped bytea,
  -- What a key is recognised by; tells nothing about it.
  kcv text not null,
  created_at timestamptz not null,
  primary key (purpose, scope, version)
);

create table clients (
  id text primary key,
  name text not null,
  role text not null,
  subject text,
  prefixes text[] not null,
  cidrs text[] not null,
  until timestamptz,
  key_hash bytea not null,
  created_at timestamptz not null,
  revoked_at timestamptz
);
