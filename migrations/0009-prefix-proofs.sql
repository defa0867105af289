-- Why: a subject that is registered in the identifier system already proves it by its prefix, and does not type in what
-- its record says. A version from before this migration can still run: it reads neither the table nor the column.

create table prefix_proofs (
  id text collate "C" primary key,
  -- A handle prefix, folded.
  prefix text collate "C" not null,
  client text not null,
  state text not null check (state in ('open', 'proven')),
  -- 32 random bytes: signed by a key of the prefix, or published in its record.
  challenge bytea not null,
  attempts integer not null,
  -- Until when it can be answered; once proven, until when it can be filed.
  until timestamptz not null,
  method text check (method in ('key', 'token', 'grant')),
  key text,
  -- What the record said of table 1 at that time; `personal` is sealed as an application's is.
  basic json not null,
  personal bytea,
  -- Where the record says the prefix is served, for one that this node does not know yet.
  sites json not null,
  -- The one that was filed with it.
  application text,
  created_at timestamptz not null,
  proven_at timestamptz
);

create index prefix_proofs_by_client on prefix_proofs (client, created_at);
create index prefix_proofs_by_age on prefix_proofs (until);

-- {"id","prefix","method","key","fields"}: the proof it was filed with, and the items it took from the record.
alter table applications add column proof json;
alter table application_filings add column proof json;
