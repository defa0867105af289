import t from 'tap'
import { findBrokenLink, hashAuditRow } from '../../../src/evidence/audit-chain.ts'
import { makeAuditReader } from '../../../src/storage/postgres/audit.ts'
import { makeChangeReader } from '../../../src/storage/postgres/changes.ts'
import type { Database } from '../../../src/storage/postgres/database.ts'
import { makeLedger } from '../../../src/storage/postgres/ledger.ts'
import {
  changesChannel,
  makeSequencer,
  numberCommitted,
} from '../../../src/storage/postgres/sequencer.ts'
import { makeTransactions } from '../../../src/storage/postgres/transactions.ts'
import { aGate } from '../../resolver/a-resolver.ts'
import { aCaller } from '../../support/builders.ts'
import { postgres } from '../../support/postgres-server.ts'
import { aStore, eachEngine } from '../../support/store.ts'
import { testWith } from '../../support/throw-away.ts'

const caller = aCaller()
const at = new Date('2026-11-23T06:00:00.000Z')
const start: Buffer = Buffer.alloc(32)
const number = (database: Database) => numberCommitted(database, hashAuditRow)

function aChange(identifier: string, serial = 1) {
  const op = serial === 1 ? 'created' : 'replaced'
  return {
    identifier,
    prefix: '88.118.8',
    serial,
    op,
    kind: 'product',
    keys: [identifier],
  } as const
}

/** Writes one change and one audit row for each identifier, in one transaction. */
async function write(database: Database, ...identifiers: readonly string[]): Promise<void> {
  const transactions = makeTransactions({ database, now: () => at, follow: async () => undefined })
  await transactions.write(caller, async ledger => {
    for (const identifier of identifiers) {
      await ledger.announce(aChange(identifier))
      await ledger.audit({ action: 'identifier.created', target: identifier })
    }
  })
}

async function numbered(database: Database) {
  const changes = await makeChangeReader(database).after(0, 10_000)
  return changes.map(({ seq, identifier }) => [seq, identifier])
}

async function chain(database: Database) {
  const { items } = await makeAuditReader(database).list({}, { limit: 10_000 })
  return items.map(row => ({ ...row, hash: Buffer.from(row.hash, 'hex') }))
}

eachEngine(t, 'committed changes are numbered in order and without gaps', async (t, database) => {
  await write(database, 'a')
  await write(database, 'b')
  const before = await numbered(database)
  await number(database)
  await write(database, 'c')
  await number(database)

  t.strictSame(before, [], 'a change without a number is not shown')
  t.strictSame(await numbered(database), [
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
  ])
  t.equal(await number(database), 0, 'nothing is numbered twice')
})

eachEngine(t, 'one record’s changes are numbered as its serials grow', async (t, database) => {
  const transactions = makeTransactions({ database, now: () => at, follow: async () => undefined })
  await transactions.write(caller, async ledger => {
    for (let serial = 1; serial <= 30; serial++) await ledger.announce(aChange('x', serial))
  })
  for (let serial = 31; serial <= 40; serial++) {
    await transactions.write(caller, ledger => ledger.announce(aChange('x', serial)))
  }

  await number(database)

  const serials = (await makeChangeReader(database).after(0, 100)).map(({ serial }) => serial)
  t.strictSame(
    serials,
    Array.from({ length: 40 }, (_, n) => n + 1),
  )
})

eachEngine(
  t,
  'the audit rows of one transaction are chained as they were written',
  async (t, database) => {
    const targets = Array.from({ length: 30 }, (_, n) => `t${n}`)
    await write(database, ...targets)

    await number(database)

    t.strictSame(
      (await chain(database)).map(({ target }) => target),
      targets,
    )
  },
)

testWith(
  t,
  [postgres],
  'what began first and commits last is numbered last (postgres)',
  async t => {
    const database = await aStore(t, { engine: 'postgres' })
    const { gate, open } = aGate()
    const isWritten = aGate()
    const slow = database.transaction(async queries => {
      const ledger = makeLedger(queries, caller, at)
      await ledger.announce(aChange('slow'))
      await ledger.audit({ action: 'identifier.created', target: 'slow' })
      await ledger.flush()
      isWritten.open()
      await gate
    })
    await isWritten.gate

    await write(database, 'quick')
    await number(database)
    const during = await numbered(database)
    open()
    await slow
    await number(database)

    t.strictSame(during, [[1, 'quick']])
    t.strictSame(await numbered(database), [
      [1, 'quick'],
      [2, 'slow'],
    ])
    t.equal(findBrokenLink(start, await chain(database)), undefined)
  },
)

testWith(t, [postgres], 'two sequencers at once never number twice (postgres)', async t => {
  const database = await aStore(t, { engine: 'postgres' })
  const identifiers = Array.from({ length: 40 }, (_, n) => `n${n}`)
  const rounds: Promise<unknown>[] = []

  for (const identifier of identifiers) {
    await write(database, identifier)
    rounds.push(number(database), number(database))
  }
  await Promise.all(rounds)
  await number(database)

  const changes = await numbered(database)
  t.strictSame(
    changes.map(([seq]) => seq),
    identifiers.map((_, n) => n + 1),
  )
  t.equal(new Set(changes.map(([, identifier]) => identifier)).size, identifiers.length)
  t.equal(findBrokenLink(start, await chain(database)), undefined)
})

eachEngine(t, 'the audit chain verifies, and names a row changed by hand', async (t, database) => {
  await write(database, 'a', 'b')
  await number(database)
  await write(database, 'c', 'd')
  await number(database)
  const whole = await chain(database)

  await database.query(`update audit set detail = '{"serial":99}' where target = 'c'`)
  const changed = await chain(database)
  await database.query(`update audit set detail = '{}' where target = 'c'`)
  await database.query(`delete from audit where target = 'b'`)

  t.equal(whole.length, 4)
  t.equal(findBrokenLink(start, whole), undefined)
  t.equal(findBrokenLink(start, changed), 3)
  t.equal(findBrokenLink(start, await chain(database)), 3, 'a row is missing before')
})

eachEngine(t, 'a bell rings with the newest number', async (t, database) => {
  const rung = aGate<string>()
  const stop = await database.listen(changesChannel, rung.open)
  await write(database, 'a', 'b')

  await number(database)

  t.equal(await rung.gate, '2')
  await stop()
})

t.test('a sequencer goes on until nothing is left, however often it is nudged', async t => {
  const database = await aStore(t)
  const errors: unknown[] = []
  let rounds = 0
  const sequencer = makeSequencer({
    database,
    hashRow: hashAuditRow,
    onNumbered: () => {
      rounds += 1
    },
    onError: error => void errors.push(error),
    sleep: async () => {},
  })
  await database.query(
    `insert into changes (id, identifier, prefix, serial, op, kind, keys, at)
     select n::text, 'i' || n, '88.118.8', 1, 'created', 'product', '{}', now()
     from generate_series(1, 2500) as n`,
  )

  for (let n = 0; n < 10; n++) sequencer.nudge()
  while ((await makeChangeReader(database).range()).newest < 2500);
  await sequencer.close()
  sequencer.nudge()

  const [row] = await database.query(
    'select count(*) as count, min(seq) as first, max(seq) as last, count(distinct seq) as different from changes',
  )
  t.strictSame(row, { count: 2500, first: 1, last: 2500, different: 2500 })
  t.equal(rounds, 3)
  t.strictSame(errors, [])
})

t.test('a sequencer that failed goes on at the next nudge', async t => {
  const errors: unknown[] = []
  let isAway = true
  const whole = await aStore(t)
  const numberedOnce = aGate()
  const sequencer = makeSequencer({
    database: {
      ...whole,
      async transaction(work, options) {
        if (isAway) throw new Error('away')
        return whole.transaction(work, options)
      },
    },
    hashRow: hashAuditRow,
    onNumbered: numberedOnce.open,
    onError: error => void errors.push(error),
    sleep: async () => {},
  })
  await write(whole, 'a')

  sequencer.nudge()
  await new Promise(setImmediate)
  isAway = false
  sequencer.nudge()
  await numberedOnce.gate
  await sequencer.close()

  t.match(errors, [{ message: 'away' }])
  t.strictSame(await numbered(whole), [[1, 'a']])
})

t.test('rounds that follow each other leave the disk to the writes between them', async t => {
  const database = await aStore(t)
  const rest = aGate()
  const rested = aGate()
  const numberedOnce = aGate()
  let rounds = 0
  const sequencer = makeSequencer({
    database,
    hashRow: hashAuditRow,
    onNumbered: () => {
      rounds += 1
      numberedOnce.open()
    },
    onError: error => t.fail(String(error)),
    sleep: async () => {
      rested.open()
      await rest.gate
    },
  })
  await write(database, 'a')
  sequencer.nudge()
  await numberedOnce.gate
  await rested.gate

  for (const identifier of ['b', 'c', 'd']) {
    await write(database, identifier)
    sequencer.nudge()
  }
  const whileResting = await numbered(database)
  rest.open()
  while ((await makeChangeReader(database).range()).newest < 4);
  await sequencer.close()

  t.strictSame(whileResting, [[1, 'a']])
  t.equal(rounds, 2)
})

t.test('a sequencer that rests ends at once', async t => {
  const database = await aStore(t)
  const resting = aGate()
  const sequencer = makeSequencer({
    database,
    hashRow: hashAuditRow,
    onNumbered: () => {},
    onError: error => t.fail(String(error)),
    sleep: (_, signal) => {
      resting.open()
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      )
    },
  })
  sequencer.nudge()
  await resting.gate

  await t.resolves(sequencer.close())
})
