-- Why: asking for a code, deciding on it, and what waits for whom. A version from before this migration can still run: it
-- reads none of these tables, and the columns added to `subjects` may be null.
-- Personal items (`personal`) are sealed under the key of the subject that is applied for; the credit code is found by its
-- keyed digest. `basic` holds the other items, json as they are written and read whole.

create table applications (
  id text collate "C" primary key,
  kind text not null check (kind in ('code', 'change')),
  state text not null
    check (state in ('draft', 'submitted', 'reviewing', 'returned', 'approved', 'rejected', 'withdrawn')),
  -- Grows with every step.
  serial bigint not null,
  -- The id of the subject it is about, or of the one that approval makes.
  subject text not null,
  name text not null,
  uscc_index text,
  basic json not null,
  personal bytea not null,
  consent json not null,
  mandate text,
  -- Who began it, everybody who filed in it, and the subjects they act for: none of them decides on it.
  filer text not null,
  filers text[] not null,
  filer_subjects text[] not null,
  reviewer text,
  -- Who approved first, where two must.
  endorsed_by text,
  comments json not null,
  note text,
  code text,
  -- Until when whoever is to act should have acted.
  due_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- The queue: by deadline, what has none last.
create index applications_by_deadline on applications (coalesce(due_at, 'infinity'::timestamptz), id);
create index applications_by_credit_code on applications (uscc_index);
create index applications_by_filer on applications (filer);
create index applications_by_subject on applications (subject);

-- What happened to it, step by step.
create table application_steps (
  application text collate "C" not null,
  serial bigint not null,
  at timestamptz not null,
  actor text not null,
  role text not null,
  step text not null,
  state text not null,
  comments json not null,
  note text,
  primary key (application, serial)
);

-- What was filed each time, with the consent and declaration it was filed under.
create table application_filings (
  application text collate "C" not null,
  serial bigint not null,
  at timestamptz not null,
  actor text not null,
  basic json not null,
  personal bytea not null,
  consent json not null,
  declared boolean not null,
  mandate text,
  primary key (application, serial)
);

create table mandates (
  id text collate "C" primary key,
  state text not null check (state in ('proposed', 'confirmed', 'ended')),
  serial bigint not null,
  agent text not null,
  agent_subject text,
  -- Whom it speaks for: the name as the agent wrote it, the credit code as a digest, the subject once there is one.
  name text not null,
  uscc_index text not null,
  subject text,
  scope text[] not null,
  until timestamptz not null,
  document text,
  confirmed_by text,
  -- The client that has spoken for the enterprise, and who vouches that it may.
  claimant text,
  claim_confirmed_by text,
  ended_by text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create index mandates_by_agent on mandates (agent);
create index mandates_by_subject on mandates (subject);

-- The basic information of a subject, as approved, with the time for which it held.
create table subject_basics (
  subject text not null,
  serial bigint not null,
  basic json not null,
  personal bytea not null,
  application text not null,
  valid_from timestamptz not null,
  valid_to timestamptz,
  primary key (subject, serial)
);

create table notices (
  id text collate "C" primary key,
  at timestamptz not null,
  topic text not null,
  -- `application:<id>`, `mandate:<id>`, or a code.
  about text not null,
  name text not null,
  to_client text,
  to_subject text,
  to_role text,
  not_client text,
  due_at timestamptz,
  -- Set when what it asks for was done, or at once to the end of what only informs.
  ends_at timestamptz
);

create index notices_by_client on notices (to_client, id);
create index notices_by_subject on notices (to_subject, id);
create index notices_by_role on notices (to_role, id);
create index notices_by_about on notices (about);

alter table subjects add column status_reason text;
alter table subjects add column status_at timestamptz;
