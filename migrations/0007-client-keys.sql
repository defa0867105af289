-- Why: machines that prove themselves with a key or certificate of their own, and keys that leaked. A version from before
-- this migration can still run: what it writes has the defaults, and a client without an API key is nobody it knows.

-- Null: the client has no API key.
alter table clients alter column key_hash drop not null;
-- Public keys that its assertions are signed with: [{"kty","crv","x","y","kid","alg"}].
alter table clients add column jwks json not null default '[]';
-- SHA-256 of its certificates (DER), base64url: RFC 8705 x5t#S256.
alter table clients add column certificates text[] not null default '{}';

-- Assertions that were used, for as long as their time would let them be used again.
create table used_assertions (
  client text not null,
  -- SHA-256 of the assertion's jti: of any length, and of strangers' choice.
  digest bytea not null,
  ends_at timestamptz not null,
  primary key (client, digest)
);

create index used_assertions_by_end on used_assertions (ends_at);

-- Somebody else may have the key: what it made proves nothing any more.
alter table keys add column leaked boolean not null default false;
