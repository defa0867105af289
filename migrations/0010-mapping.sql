-- Why: what is behind the prefixes of a subject: evidence, validity, history, and the rules that lead from a prefix to
-- identifiers. Who holds a prefix now is said by `prefixes.owner` alone; a holding is the story of one tenure, from its
-- claim to its end. A version from before this migration can still run: it writes owners without a story.

create table holdings (
  id text collate "C" primary key,
  system text not null,
  prefix text collate "C" not null,
  subject text not null,
  state text not null check (state in ('awaiting', 'planned', 'active', 'ended', 'refused', 'withdrawn')),
  serial bigint not null,
  -- The node chose the prefix among those it allots; until the decision it may choose another.
  proposed boolean not null,
  uses text[] not null,
  -- Of the enterprise: the plant or branch it is for.
  site text,
  contact text,
  -- Where it is to be served; none: here.
  sites json not null,
  valid_from timestamptz,
  valid_to timestamptz,
  evidence json not null,
  confidence text not null check (confidence in ('stated', 'documented', 'matched', 'proven')),
  note text,
  asked_by text not null,
  decided_by text,
  comment text,
  began_at timestamptz,
  ended_at timestamptz,
  ended_by text,
  -- When a planned one begins and an active one ends by itself.
  due_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- A prefix has one holder at a time.
create unique index holdings_active on holdings (system, prefix) where state = 'active';
create index holdings_by_prefix on holdings (system, prefix, began_at);
create index holdings_by_subject on holdings (subject, id);
create index holdings_waiting on holdings (id) where state = 'awaiting';
create index holdings_claimed on holdings (system, prefix) where state in ('awaiting', 'planned');
create index holdings_due on holdings (due_at) where due_at is not null;

insert into holdings (id, system, prefix, subject, state, serial, proposed, uses, sites, evidence, confidence, asked_by,
  began_at, created_at, updated_at)
select md5(system || ':' || prefix), system, prefix, owner, 'active', 1, false, uses, '[]', '[]', 'stated', 'node',
  created_at, created_at, updated_at
from prefixes where owner is not null;

-- Locked by whoever changes an owner: two prefixes that overlap are different rows, and each would miss the other.
create table prefix_guards (
  system text primary key
);

insert into prefix_guards (system)
values ('code'), ('handle'), ('gs1'), ('oid'), ('ecode'), ('vaa'), ('did'), ('url');

-- How identifiers under a prefix lead to records that do not name them. A rule belongs to its prefix and goes with it.
create table mapping_rules (
  id text collate "C" primary key,
  system text not null,
  prefix text collate "C" not null,
  kind text not null check (kind in ('exact', 'table', 'template', 'prefix')),
  -- Its place among the templates of its prefix.
  position integer not null,
  -- What it says, as its writer gave it.
  content json not null,
  created_by text not null,
  created_at timestamptz not null
);

create index mapping_rules_by_prefix on mapping_rules (system, prefix, position, id);
