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
