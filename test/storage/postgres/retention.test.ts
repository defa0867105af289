import t from 'tap'
import { sweep } from '../../../src/storage/postgres/retention.ts'
import { eachEngine } from '../../support/store.ts'

eachEngine(t, 'what has outlived its time goes, everything younger stays', async (t, database) => {
  await database.query(
    `insert into idempotency (scope, key, digest, at) values
       ('s', 'old', '\\x00', now() - interval '25 hours'), ('s', 'young', '\\x00', now() - interval '23 hours')`,
  )
  await database.query(
    `insert into changes (id, seq, identifier, prefix, serial, op, kind, keys, at)
     select 'c' || n, n, 'i', 'p', 1, 'created', 'other', '{}', now() - make_interval(days => 40 - n * 5)
     from generate_series(1, 4) n`,
  )

  await sweep(database)

  t.strictSame(await database.query('select key from idempotency'), [{ key: 'young' }])
  const left = await database.query<{ seq: number }>('select seq from changes order by seq')
  t.strictSame(
    left.map(({ seq }) => seq),
    [3, 4],
    'older than 30 days are gone, from the oldest on',
  )
})

eachEngine(t, 'a file that nothing names goes after a week', async (t, database) => {
  await database.query(
    `insert into files (id, kind, byte_count, sha256, sm3, uploader, sealed_for, content, created_at, loose_since)
     select name, 'pdf', 1, convert_to(name, 'UTF8'), '\\x00', 'u', 'u', '\\x00', now(), since
     from (values ('named', null), ('young', now() - interval '6 days'), ('old', now() - interval '8 days'))
       as given (name, since)`,
  )

  await sweep(database)

  t.strictSame(await database.query('select id from files order by id'), [
    { id: 'named' },
    { id: 'young' },
  ])
})

eachEngine(t, 'a proof goes that nobody filed, one that was filed stays', async (t, database) => {
  await database.query(
    `insert into prefix_proofs (id, prefix, client, state, challenge, attempts, until, basic, sites, application, created_at)
     select name, '88.1', 'c', 'proven', '\\x00', 1, now() - age, '{}', '[]', application, now()
     from (values ('filed', interval '99 days', 'a'), ('young', interval '6 days', null),
       ('old', interval '8 days', null)) as given (name, age, application)`,
  )

  await sweep(database)

  t.strictSame(await database.query('select id from prefix_proofs order by id'), [
    { id: 'filed' },
    { id: 'young' },
  ])
})

eachEngine(t, 'a notice goes a season after it is over', async (t, database) => {
  await database.query(
    `insert into notices (id, at, topic, about, name, ends_at)
     select name, now(), 't', 'a', 'n', ends_at
     from (values ('waits', null), ('young', now() - interval '89 days'), ('old', now() - interval '91 days'))
       as given (name, ends_at)`,
  )

  await sweep(database)

  t.strictSame(await database.query('select id from notices order by id'), [
    { id: 'waits' },
    { id: 'young' },
  ])
})

eachEngine(t, 'sessions and setup links that are long over go', async (t, database) => {
  await database.query(
    `insert into accounts (id, username, username_key, role, totp_step, recovery, created_at)
     values ('a', 'a', 'a', 'bank', 0, '{}', now())`,
  )
  await database.query(
    `insert into sessions (token_hash, account, created_at, seen_at) values
       ('\\x00', 'a', now(), now() - interval '3 days'), ('\\x01', 'a', now(), now())`,
  )
  await database.query(
    `insert into setup_links (account, token_hash, ends_at) values
       ('', '\\x00', now() - interval '3 days'), ('a', '\\x01', now())`,
  )

  await sweep(database)

  const young = [{ token_hash: Buffer.of(1) }]
  t.strictSame(await database.query('select token_hash from sessions'), young)
  t.strictSame(await database.query('select token_hash from setup_links'), young)
})
