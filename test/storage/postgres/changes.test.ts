import t from 'tap'
import { hashAuditRow } from '../../../src/evidence/audit-chain.ts'
import { makeChangeReader } from '../../../src/storage/postgres/changes.ts'
import { numberCommitted } from '../../../src/storage/postgres/sequencer.ts'
import { makeTransactions } from '../../../src/storage/postgres/transactions.ts'
import { aCaller } from '../../support/builders.ts'
import { eachEngine } from '../../support/store.ts'

eachEngine(t, 'changes are read after a number, so many at once', async (t, database) => {
  const transactions = makeTransactions({
    database,
    now: () => new Date('2026-11-23T06:00:00.123Z'),
    follow: async () => undefined,
  })
  const reader = makeChangeReader(database)
  const empty = await reader.range()
  await transactions.write(aCaller(), async ledger => {
    await ledger.announce({
      identifier: '0.NA/88.118.8',
      prefix: '88.118.8',
      serial: 1,
      op: 'created',
      kind: 'prefix',
      keys: [],
      directory: { prefixes: [['handle', '88.118.8']], subjects: ['alpha'] },
    })
    for (const serial of [1, 2, 3]) {
      await ledger.announce({
        identifier: '88.118.8/X "quoted"',
        prefix: '88.118.8',
        serial,
        op: serial === 1 ? 'created' : 'replaced',
        kind: 'product',
        keys: ['88.118.8/x "quoted"', 'gs1:01/06901234567892'],
      })
    }
  })
  const unnumbered = await reader.after(0, 10)
  await numberCommitted(database, hashAuditRow)

  const [first, second] = await reader.after(0, 2)
  const rest = await reader.after(2, 10)

  t.strictSame(empty, { newest: 0, oldest: 1 })
  t.strictSame(unnumbered, [])
  t.strictSame(first, {
    seq: 1,
    identifier: '0.NA/88.118.8',
    serial: 1,
    op: 'created',
    kind: 'prefix',
    prefix: '88.118.8',
    keys: [],
    directory: { prefixes: [['handle', '88.118.8']], subjects: ['alpha'] },
    at: '2026-11-23T06:00:00.123Z',
  })
  t.match(second, { seq: 2, directory: null })
  t.strictSame(second?.keys, ['88.118.8/x "quoted"', 'gs1:01/06901234567892'])
  t.match(rest, [{ seq: 3 }, { seq: 4 }])
  t.strictSame(await reader.range(), { newest: 4, oldest: 1 })

  await database.query('delete from changes where seq <= 3')
  t.strictSame(await reader.range(), { newest: 4, oldest: 4 })
  await database.query('delete from changes')
  t.strictSame(await reader.range(), { newest: 4, oldest: 5 }, 'numbers go on after the last kept')
})
