-- Why: people who log in, their sessions, and the links by which they begin. A version from before this migration can
-- still run: it reads none of these tables.

create table accounts (
  id text collate "C" primary key,
  username text not null,
  -- The username without the differences that no eye should have to look for.
  username_key text collate "C" not null unique,
  role text not null,
  subject text,
  -- Argon2id in the PHC form; null until the person has chosen a password.
  password_hash text,
  -- The secret of the second factor, sealed; null where the role needs none.
  totp_sealed bytea,
  -- The latest step of time (RFC 6238) whose code was taken: none is taken twice.
  totp_step bigint not null,
  -- Keyed hashes, in hex, of the recovery codes that are left.
  recovery text[] not null,
  created_at timestamptz not null,
  disabled_at timestamptz
);

create table setup_links (
  -- Whose link it is: one at a time. '' is for a new operator, who chooses a username.
  account text collate "C" primary key,
  token_hash bytea not null unique,
  totp_sealed bytea,
  ends_at timestamptz not null
);

create table sessions (
  token_hash bytea primary key,
  account text collate "C" not null references accounts (id),
  created_at timestamptz not null,
  seen_at timestamptz not null
);

create index sessions_by_account on sessions (account, created_at);
create index sessions_by_age on sessions (seen_at);

-- Failed logins: one row an account, and one for each of 65 536 groups of usernames that nobody has, so that an unknown
-- username is answered like a known one and nobody can fill the table.
create table login_delays (
  party text collate "C" primary key,
  failures integer not null,
  last_at timestamptz not null
);
