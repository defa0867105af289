import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Failure } from '../../../src/model/failures.ts'
import type { Announcement } from '../../../src/registry/parts.ts'
import type { Database } from '../../../src/storage/postgres/database.ts'
import { openServer } from '../../../src/storage/postgres/server.ts'
import { makeTransactions } from '../../../src/storage/postgres/transactions.ts'
import { aGate } from '../../resolver/a-resolver.ts'
import { aCaller, aRecord } from '../../support/builders.ts'
import { postgres } from '../../support/postgres-server.ts'
import { aDatabaseUrl, aStore, eachEngine } from '../../support/store.ts'
import { testWith } from '../../support/throw-away.ts'

const caller = aCaller()
const announcement: Announcement = {
  identifier: '88.118.8/x',
  prefix: '88.118.8',
  serial: 1,
  op: 'created',
  kind: 'product',
  keys: ['88.118.8/x'],
}

async function aWriter(database: Awaited<ReturnType<typeof aStore>>) {
  const followed: (readonly Announcement[])[] = []
  const transactions = makeTransactions({
    database,
    now: () => new Date('2026-11-23T06:00:00.123Z'),
    async follow(announcements) {
      await new Promise(setImmediate)
      followed.push(announcements)
    },
  })
  return { transactions, followed }
}

t.test('the writer hears of its write when this process has followed it', async t => {
  const { transactions, followed } = await aWriter(await aStore(t))

  const outcome = await transactions.write(caller, async ledger => {
    await ledger.announce(announcement)
    t.strictSame(ledger.at, new Date('2026-11-23T06:00:00.123Z'))
    t.strictSame(followed, [], 'not before the commit')
    return 'done'
  })

  t.equal(outcome, 'done')
  t.strictSame(followed, [[announcement]])
})

t.test('a refusal leaves nothing behind and is not followed', async t => {
  const database = await aStore(t)
  const { transactions, followed } = await aWriter(database)

  const writing = transactions.write(caller, async ledger => {
    await ledger.announce(announcement)
    await ledger.audit({ action: 'x', target: 'y' })
    throw new Failure('STATE_CONFLICT')
  })

  await t.rejects(writing, { code: 'STATE_CONFLICT' })
  t.strictSame(followed, [])
  t.strictSame(await database.query('select id from changes union all select id from audit'), [])
})

t.test(
  'a repetition is neither done nor followed again, also where there is no outcome',
  async t => {
    const { transactions, followed } = await aWriter(await aStore(t))
    const idempotency = { scope: 's', key: 'k', digest: Buffer.from('body') }
    let runs = 0
    const write = () =>
      transactions.write(
        caller,
        async ledger => {
          runs += 1
          await ledger.announce(announcement)
        },
        idempotency,
      )

    await write()
    await write()

    t.equal(runs, 1)
    t.equal(followed.length, 1)
  },
)

eachEngine(t, 'of many requests with one key at once one is done', async (t, database) => {
  const { transactions } = await aWriter(database)
  const idempotency = { scope: 's', key: 'k', digest: Buffer.from('body') }
  let runs = 0

  const outcomes = await Promise.all(
    Array.from({ length: 5 }, () =>
      transactions.write(caller, async () => ({ run: ++runs }), idempotency),
    ),
  )

  t.equal(runs, 1)
  t.strictSame(outcomes, new Array(5).fill({ run: 1 }))
})

eachEngine(t, 'when the first of two requests fails, the second is done', async (t, database) => {
  const { transactions } = await aWriter(database)
  const idempotency = { scope: 's', key: 'k', digest: Buffer.from('body') }

  const { gate, fail } = aGate()
  const isRunning = aGate()
  const first = transactions.write(
    caller,
    async () => {
      isRunning.open()
      await gate
    },
    idempotency,
  )
  await isRunning.gate
  const second = transactions.write(caller, async () => 'done', idempotency)
  fail(new Failure('STATE_CONFLICT'))

  await t.rejects(first, { code: 'STATE_CONFLICT' })
  t.equal(await second, 'done')
})

testWith(t, [postgres], 'what a frozen server was asked is not done when it goes on', async t => {
  const database = await openServer({ urls: [await aDatabaseUrl(t)] })
  t.teardown(() => database.close())
  const { transactions } = await aWriter(database)
  const write = () =>
    transactions.write(caller, async ledger => {
      await ledger.putRecord(aRecord(), undefined)
      await ledger.audit({ action: 'identifier.create', target: '88.118.8/ABC-1' })
    })
  const [row] = await database.query<{ pid: number }>('select pg_backend_pid() as pid')
  const pid = row?.pid as number

  process.kill(pid, 'SIGSTOP')
  await t.rejects(write(), { code: 'STORE_AWAY' })
  process.kill(pid, 'SIGCONT')
  await hasEnded(database, pid)

  t.strictSame(await database.query('select key from records'), [])
  t.strictSame(await database.query('select id from audit'), [])
})

testWith(
  t,
  [postgres],
  'when a clock is set, writes are refused until it has been compared',
  async t => {
    const database = await openServer({ urls: [await aDatabaseUrl(t)] })
    t.teardown(() => database.close())
    const { transactions } = await aWriter(database)
    const write = () =>
      transactions.write(caller, ledger => ledger.audit({ action: 'x', target: 'y' }))
    const wall = Date.now

    Date.now = () => wall() - 3_600_000
    t.teardown(() => {
      Date.now = wall
    })
    await t.rejects(write(), { code: 'STORE_AWAY' })
    t.strictSame(await database.query('select id from audit'), [])
    while ((await write().catch(error => error.code)) === 'STORE_AWAY') await sleep(20)

    t.equal((await database.query('select id from audit')).length, 1)
  },
)

/** A server process that finds its client gone, behind all that it was asked. */
async function hasEnded(database: Database, pid: number): Promise<void> {
  const isThere = 'select pid from pg_stat_activity where pid = $1'
  while ((await database.query(isThere, [pid])).length > 0) await sleep(20)
}
