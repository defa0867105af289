-- Why: documents that stand behind what is filed, and what they prove once a reviewer has seen them. A version from
-- before this migration can still run: it reads none of these tables, and the columns added elsewhere have defaults.
-- Bytes are sealed under the key of whoever uploaded them, because licences hold personal data.

create table files (
  id text collate "C" primary key,
  -- What the bytes are, whatever was said of them.
  kind text not null check (kind in ('pdf', 'png', 'jpeg')),
  byte_count integer not null,
  sha256 bytea not null,
  sm3 bytea not null,
  uploader text not null,
  uploader_subject text,
  -- Whose key seals it: a subject, or a client that acts for none yet.
  sealed_for text not null,
  content bytea not null,
  created_at timestamptz not null,
  -- Since when nothing names it; null while something does.
  loose_since timestamptz,
  unique (uploader, sha256)
);

create index files_by_uploader on files (uploader, created_at);
create index files_loose on files (loose_since) where loose_since is not null;

-- What names a file: `application:<id>`, `mandate:<id>`, or the claim of a prefix.
create table file_names (
  file text collate "C" not null,
  about text not null,
  -- Set once it was handed in: what was filed with it stays with it.
  kept boolean not null,
  primary key (file, about)
);

create index file_names_by_about on file_names (about);

-- The licences of a subject, as a reviewer has seen them (AII/002 §9).
create table licences (
  subject text not null,
  file text collate "C" not null,
  kind text not null,
  valid_from date,
  valid_to date,
  application text not null,
  verified_by text not null,
  verified_at timestamptz not null,
  primary key (subject, file)
);

alter table applications add column evidence json not null default '[]';
alter table application_filings add column evidence json not null default '[]';

-- Notices that are over are swept, like files that nothing names.
create index notices_over on notices (ends_at) where ends_at is not null;
