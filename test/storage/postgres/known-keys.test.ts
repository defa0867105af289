import t from 'tap'
import { makeStoredKeys } from '../../../src/storage/postgres/known-keys.ts'
import { eachEngine } from '../../support/store.ts'

eachEngine(
  t,
  'all keys of records and aliases are read, tombstones included, page by page',
  async (t, database) => {
    await database.exec(`
    insert into records (key, prefix, identifier, system, kind, values, aliases, submitter, basis, serial, gone,
      created_at, updated_at)
    select '88.118.8/k' || n, '88.118.8', '88.118.8/K' || n, 'handle', 'product', '[]', '[]', 'test', 'authority', 1,
      case when n = 7 then '{"reason":"test"}'::json end, now(), now()
    from generate_series(1, 4500) n;
    insert into aliases (key, system, authority, record_key, record_prefix)
    select 'gs1:01/' || n, 'gs1', '6901234', '88.118.8/k1', '88.118.8' from generate_series(1, 2000) n;`)
    const { pages } = makeStoredKeys(database)

    const read: (readonly string[])[] = []
    for await (const page of pages()) read.push(page)

    const keys = read.flat()
    t.equal(keys.length, 6_500)
    t.equal(new Set(keys).size, 6_500)
    t.ok(keys.includes('88.118.8/k7'))
    t.ok(keys.includes('gs1:01/2000'))
    t.ok(read.every(page => page.length <= 2_000))
  },
)

eachEngine(
  t,
  'how many there are is known about, once somebody has counted',
  async (t, database) => {
    const { estimate } = makeStoredKeys(database)
    const before = await estimate()
    await database.exec(`
    insert into aliases (key, system, authority, record_key, record_prefix)
    select 'gs1:01/' || n, 'gs1', '6901234', '88.118.8/k1', '88.118.8' from generate_series(1, 500) n;
    analyze aliases;`)

    t.equal(before, 0)
    t.equal(await estimate(), 500)
  },
)
