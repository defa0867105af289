import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Database } from '../../../src/storage/postgres/database.ts'
import { openEmbedded } from '../../../src/storage/postgres/embedded.ts'
import { type Migration, migrate, readMigrations } from '../../../src/storage/postgres/migrate.ts'
import { openServer } from '../../../src/storage/postgres/server.ts'
import { postgres, sharedPostgres } from '../../support/postgres-server.ts'
import { aDatabaseUrl, eachEngine, ownMigrations, repositoryFolder } from '../../support/store.ts'
import { testWith } from '../../support/throw-away.ts'

t.test('the files of the repository are in order', async t => {
  const migrations = await ownMigrations()

  const files = (await readdir(join(repositoryFolder, 'migrations'))).filter(file =>
    file.endsWith('.sql'),
  )
  t.equal(migrations.length, files.length)
  t.strictSame(
    migrations.map(migration => migration.number),
    migrations.map((_, index) => index + 1),
  )
})

t.test('a gap, a number taken twice or a name out of shape is refused by name', async t => {
  const folder = t.testdir({
    gap: { '0001-one.sql': '', '0003-three.sql': '' },
    twice: { '0001-one.sql': '', '0001-uno.sql': '' },
    shape: { '1-one.sql': '' },
  })

  await t.rejects(readMigrations(join(folder, 'gap')), {
    message: /0003-three\.sql: expected.*0002/,
  })
  await t.rejects(readMigrations(join(folder, 'twice')), {
    message: /0001-uno\.sql: expected.*0002/,
  })
  await t.rejects(readMigrations(join(folder, 'shape')), { message: /1-one\.sql: expected.*0001/ })
})

eachEngine(t, 'a migrated database needs nothing', async (t, database) => {
  t.strictSame(await migrate(database, await ownMigrations()), [])
})

eachEngine(t, 'only what is new is run, in order', async (t, database) => {
  const known = await ownMigrations()
  const next = [
    ...known,
    migration(known.length + 1, 'create table added (n int4)'),
    migration(known.length + 2, 'insert into added values (1)'),
  ]

  const run = await migrate(database, next)

  t.strictSame(
    run.map(each => each.number),
    [known.length + 1, known.length + 2],
  )
  t.strictSame(await database.query('select n from added'), [{ n: 1 }])
})

eachEngine(
  t,
  'a migration that fails leaves nothing of itself, and can be run again',
  async (t, database) => {
    const known = await ownMigrations()
    const number = known.length + 1
    const broken = migration(number, 'create table half (n int4); select no_such_function()')

    await t.rejects(migrate(database, [...known, broken]), { name: 'SqlError', state: '42883' })
    await migrate(database, [...known, migration(number, 'create table half (n int4)')])

    t.strictSame(await database.query('select n from half'), [])
  },
)

eachEngine(t, 'a changed file is refused by name', async (t, database) => {
  const [first, ...others] = await ownMigrations()
  const changed = { ...(first as Migration), sha256: 'another' }

  await t.rejects(migrate(database, [changed, ...others]), {
    message: new RegExp(`migrations/${first?.name}\\.sql differs.*put the old file back`),
  })
})

eachEngine(t, 'a database newer than the program is refused with advice', async (t, database) => {
  const known = await ownMigrations()

  await t.rejects(migrate(database, known.slice(0, -1)), {
    message: /has migration .*start the newer program/,
  })
})

t.test('an empty database gets everything', async t => {
  const database = await openEmbedded({ folder: undefined })
  t.teardown(() => database.close())
  const migrations = await ownMigrations()

  const run = await migrate(database, migrations)

  t.equal(run.length, migrations.length)
})

testWith(t, [postgres], 'of many starters exactly one runs each migration', async t => {
  const server = await sharedPostgres()
  await server.run('create database many_starters')
  const urls = [server.urlOf('many_starters')]
  const migrations = [
    migration(1, 'create table counted (n int4)'),
    migration(2, 'insert into counted values (1); select pg_sleep(0.2)'),
    migration(3, 'insert into counted values (2)'),
  ]
  const databases = await Promise.all(Array.from({ length: 6 }, () => openServer({ urls })))

  const runs = await Promise.all(databases.map(database => migrate(database, migrations)))

  t.strictSame(runs.flatMap(run => run.map(each => each.number)).sort(), [1, 2, 3])
  const [database] = databases as [Database]
  t.strictSame(await database.query('select n from counted order by n'), [{ n: 1 }, { n: 2 }])
  await Promise.all(databases.map(each => each.close()))
})

testWith(t, [postgres], 'a migration may take longer than a statement of a request', async t => {
  const url = await aDatabaseUrl(t)
  const database = await openServer({ urls: [url], statementTimeoutMs: 100 })
  t.teardown(() => database.close())
  const known = await ownMigrations()

  await migrate(database, [...known, migration(known.length + 1, 'select pg_sleep(0.3)')])

  await t.rejects(database.query('select pg_sleep(0.3)'), { code: 'STORE_AWAY' })
})

function migration(number: number, sql: string): Migration {
  return { number, name: `${String(number).padStart(4, '0')}-test`, sql, sha256: sql }
}
