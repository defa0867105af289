import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Failure } from '../../../src/model/failures.ts'
import type { Database } from '../../../src/storage/postgres/database.ts'
import { openServer } from '../../../src/storage/postgres/server.ts'
import { aFaultProxy } from '../../support/fault-proxy.ts'
import {
  aPostgresServer,
  type PostgresServer,
  postgres,
  sharedPostgres,
} from '../../support/postgres-server.ts'
import { freePort } from '../../support/programs.ts'
import { aDatabaseUrl } from '../../support/store.ts'
import { testWith } from '../../support/throw-away.ts'

const away = { code: 'STORE_AWAY', retryAfterSeconds: 1 }

for (const mode of ['refuse', 'freeze', { latencyMs: 3_000 }] as const) {
  const name = typeof mode === 'string' ? mode : 'latency'

  serverTest(
    `${name}: a question fails in time, then at once, and is answered again soon after`,
    async t => {
      const { database, proxy } = await behindProxy(t)
      await database.query('select 1')

      await proxy.set(mode)
      const firstMs = await failsAfter(t, database)
      await until(async () => (await failsAfter(t, database)) < 50)
      const laterMs = await failsAfter(t, database)
      await proxy.set('pass')
      const backMs = await answersAfter(database)

      t.ok(firstMs < 1_500, `the first failed after ${firstMs} ms`)
      t.ok(laterMs < 200, `a later one failed after ${laterMs} ms`)
      t.ok(backMs < 5_000, `answered ${backMs} ms after the end of the fault`)
    },
  )
}

serverTest('a cut of all connections is one round of failures at most', async t => {
  const { database, proxy } = await behindProxy(t)
  await Promise.all(Array.from({ length: 5 }, () => database.query('select pg_sleep(0.05)')))

  proxy.cut()
  await sleep(100)

  t.strictSame(await database.query('select 1 as n'), [{ n: 1 }])
})

serverTest('while no server is known, rows are not copied to the environment’s', async t => {
  const { database, proxy } = await behindProxy(t)
  const url = new URL(await aDatabaseUrl(t))
  const other = await openServer({ urls: [url.href] })
  t.teardown(() => other.close())
  await other.exec('create table copied (word text)')
  setEnvironment(t, {
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: url.username,
    PGDATABASE: url.pathname.slice(1),
  })
  await proxy.set('refuse')
  await until(async () => {
    const error = await database.query('select 1').catch((error: Failure) => error)
    return error instanceof Failure && /no server of the store/.test(String(error.cause))
  })

  const copying = database.copy(
    'copy copied from stdin',
    (async function* () {
      yield 'astray\n'
    })(),
  )

  await t.rejects(copying, away)
  t.strictSame(await other.query('select word from copied'), [])
})

serverTest('a fault leaves no pile of connections behind', async t => {
  const { database, proxy } = await behindProxy(t, { poolSize: 4 })
  await proxy.set('freeze')

  await Promise.allSettled(Array.from({ length: 40 }, () => database.query('select 1')))
  await Promise.allSettled(Array.from({ length: 40 }, () => database.query('select 1')))
  await proxy.set('pass')
  await answersAfter(database)
  await sleep(200)

  t.ok(proxy.connections() <= 6, `${proxy.connections()} connections`)
})

serverTest('a statement that takes too long is ended, and the connection stays', async t => {
  const database = await aDatabase(t, { statementTimeoutMs: 100, poolSize: 1 })
  const [before] = await database.query('select pg_backend_pid() as pid')

  await t.rejects(database.query('select pg_sleep(5)'), away)

  t.strictSame(await database.query('select pg_backend_pid() as pid'), [before])
})

serverTest('a lock that somebody else holds is not waited for', async t => {
  const database = await aDatabase(t, { statementTimeoutMs: 200 })
  await database.exec('create table locked (n int4)')

  await database.transaction(
    async queries => {
      await queries.exec('lock table locked')
      await t.rejects(database.query('select n from locked'), away)
    },
    { statementTimeoutMs: 5_000 },
  )

  t.strictSame(await database.query('select n from locked'), [])
})

serverTest('a transaction may ask for more time, and only that one gets it', async t => {
  const database = await aDatabase(t, { statementTimeoutMs: 100, poolSize: 1 })

  await database.transaction(queries => queries.query('select pg_sleep(0.3)'), {
    statementTimeoutMs: 5_000,
  })

  await t.rejects(database.query('select pg_sleep(0.3)'), away)
})

serverTest(
  'questions that find no connection are refused: beyond the queue at once, in it soon',
  async t => {
    const database = await aDatabase(t, { poolSize: 1, statementTimeoutMs: 3_000 })
    const busy = database.query('select pg_sleep(1)')
    await sleep(20)

    const refusals = await Promise.all(Array.from({ length: 5 }, () => failsAfter(t, database)))

    t.equal(refusals.filter(ms => ms < 100).length, 3)
    t.equal(refusals.filter(ms => ms >= 400 && ms < 900).length, 2)
    await busy
  },
)

serverTest('a transaction whose connection is cut did not happen', async t => {
  const { database, proxy } = await behindProxy(t)
  await database.exec('create table cut (n int4)')

  const cut = database.transaction(async queries => {
    await queries.query('insert into cut values (1)')
    proxy.cut()
    await queries.query('insert into cut values (2)')
  })

  await t.rejects(cut, away)
  await until(async () => (await database.query('select n from cut')).length === 0)
})

serverTest('a commit without an answer says that nobody knows', async t => {
  const { database, proxy } = await behindProxy(t)
  await database.exec('create table unknown (n int4)')

  const unanswered = database.transaction(async queries => {
    await queries.query('insert into unknown values (1)')
    await proxy.set('freeze')
  })

  await t.rejects(unanswered, { ...away, detail: { en: /may have happened/ } })
})

serverTest('a refused commit is an ordinary refusal', async t => {
  const database = await aDatabase(t)
  await database.exec('create table once (n int4 unique deferrable initially deferred)')

  const refused = database.transaction(queries => queries.query('insert into once values (1), (1)'))

  await t.rejects(refused, { name: 'SqlError', state: '23505' })
})

serverTest('two transactions in a deadlock both happen', async t => {
  const database = await aDatabase(t, { statementTimeoutMs: 5_000 })
  await database.exec(
    'create table crossed (n int4, sum int4); insert into crossed values (1, 0), (2, 0)',
  )
  const add = (first: number, second: number) =>
    database.transaction(async queries => {
      await queries.query('update crossed set sum = sum + 1 where n = $1', [first])
      await queries.query('select pg_sleep(0.1)')
      await queries.query('update crossed set sum = sum + 1 where n = $1', [second])
    })

  await Promise.all([add(1, 2), add(2, 1)])

  t.strictSame(await database.query('select sum from crossed'), [{ sum: 2 }, { sum: 2 }])
})

serverTest('a conflict that does not end is given up after three retries', async t => {
  const database = await aDatabase(t)
  let attempts = 0

  const hopeless = database.transaction(async queries => {
    attempts++
    await queries.exec(`do $$ begin raise exception 'again' using errcode = '40001'; end $$`)
  })

  await t.rejects(hopeless, away)
  t.equal(attempts, 4)
})

serverTest('a connection keeps a bounded number of statements prepared', async t => {
  const database = await aDatabase(t, { poolSize: 1 })

  for (let n = 0; n < 300; n++) await database.query(`select ${n} as n`)
  await database.query('select 1 as n')

  const [row] = await database.query<{ count: number }>(
    'select count(*) as count from pg_prepared_statements',
  )
  t.equal(row?.count, 256)
})

serverTest(
  'a listener whose connection is ended is told so, and again when it listens once more',
  async t => {
    const database = await aDatabase(t)
    const heard: string[] = []
    await database.listen('bell', payload => heard.push(payload))

    await database.query(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'qxm-listener' and datname = current_database()`)
    await until(async () => heard.length > 1)
    await database.query(`select pg_notify('bell', 'back')`)
    await until(async () => heard.length > 2)

    t.strictSame(heard, ['', '', 'back'])
  },
)

serverTest(
  'a server that refuses to write says so to writers only, until it writes again',
  async t => {
    const server = await aPostgresServer()
    const database = await openServer({ urls: [server.urlOf('postgres')] })
    t.teardown(() => database.close())
    await database.exec('create table written (n int4)')
    await setReadOnly(server, 'on')

    await until(() => isAway(database, 'insert into written values (1)'))
    t.strictSame(await database.query('select n from written where n > 1'), [])
    await setReadOnly(server, 'off')
    const backAt = Date.now()
    await until(async () => !(await isAway(database, 'insert into written values (2)')))

    t.ok(Date.now() - backAt < 5_000)
  },
)

serverTest('of several servers the primary is found, also when another one becomes it', async t => {
  const [first, second] = await Promise.all([aPostgresServer(), aPostgresServer()])
  await first.run('create table whoami as select 1 as n')
  await second.run('create table whoami as select 2 as n')
  await makeStandby(first)
  const nobody = `postgres://postgres@127.0.0.1:${await freePort()}/postgres`
  const urls = [nobody, first.urlOf('postgres'), second.urlOf('postgres')]
  const database = await openServer({ urls })
  t.teardown(() => database.close())
  const whoami = () => database.query('select n from whoami')

  t.strictSame(await whoami(), [{ n: 2 }])

  await second.stop('crash')
  await first.run('select pg_promote()')
  const lostAt = Date.now()
  await until(async () => !(await isAway(database, 'insert into whoami values (3)')))

  t.ok(Date.now() - lostAt < 5_000, `${Date.now() - lostAt} ms`)
  t.strictSame(await whoami(), [{ n: 1 }, { n: 3 }])
})

serverTest('without a primary a standby is read', async t => {
  const server = await aPostgresServer()
  await server.run('create table kept as select 1 as n')
  await makeStandby(server)

  const database = await openServer({ urls: [server.urlOf('postgres')] })

  t.strictSame(await database.query('select n from kept'), [{ n: 1 }])
  await t.rejects(database.query('insert into kept values (2)'), away)
  await database.close()
})

serverTest('a start that cannot work says why at once, without the password', async t => {
  const server = await sharedPostgres()
  const url = server.urlOf('no_such_database').replace('postgres@', 'postgres:secret@')

  const error = await openServer({ urls: [url] }).catch((error: unknown) => error)

  t.match(error, { message: /127\.0\.0\.1:\d+\/no_such_database: .*check QXM_DATABASE_URL/ })
  t.notMatch(String(error), 'secret')
})

function serverTest(name: string, run: (t: Test) => Promise<unknown>): void {
  testWith(t, [postgres], name, run)
}

interface Settings {
  readonly poolSize?: number
  readonly statementTimeoutMs?: number
}

async function aDatabase(t: Test, settings: Settings = {}): Promise<Database> {
  const database = await openServer({ urls: [await aDatabaseUrl(t)], ...settings })
  t.teardown(() => database.close())
  return database
}

/** For one test: variables that `pg` reads by itself. */
function setEnvironment(t: Test, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name]
    process.env[name] = value
    t.teardown(() => {
      if (before === undefined) delete process.env[name]
      else process.env[name] = before
    })
  }
}

async function behindProxy(t: Test, settings: Settings = {}) {
  const url = new URL(await aDatabaseUrl(t))
  const proxy = await aFaultProxy(t, Number(url.port))
  url.port = String(proxy.port)
  const database = await openServer({ urls: [url.href], ...settings })
  t.teardown(() => database.close())
  return { database, proxy }
}

/** Restarts a server as a standby that follows nobody. */
async function makeStandby(server: PostgresServer): Promise<void> {
  await server.stop()
  await writeFile(join(server.folder, 'data', 'standby.signal'), '')
  await server.start()
}

async function setReadOnly(server: PostgresServer, state: 'on' | 'off'): Promise<void> {
  await server.run(`alter system set default_transaction_read_only = ${state}`)
  await server.run('select pg_reload_conf()')
}

/** How long a question took to fail, which it must. */
async function failsAfter(t: Test, database: Database): Promise<number> {
  const startedAt = performance.now()
  await t.rejects(database.query('select 1'), away)
  return performance.now() - startedAt
}

/** How long it took until a question was answered. */
async function answersAfter(database: Database): Promise<number> {
  const startedAt = performance.now()
  await until(async () => !(await isAway(database, 'select 1')))
  return performance.now() - startedAt
}

async function isAway(database: Database, sql: string): Promise<boolean> {
  return database.query(sql).then(
    () => false,
    error => {
      if (error.code !== 'STORE_AWAY') throw error
      return true
    },
  )
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const givenUpAt = Date.now() + 10_000
  while (!(await isTrue())) {
    if (Date.now() > givenUpAt) throw new Error('it did not happen in 10 s')
    await sleep(20)
  }
}
