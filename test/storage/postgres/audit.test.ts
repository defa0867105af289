import t from 'tap'
import { hashAuditRow } from '../../../src/evidence/audit-chain.ts'
import { makeAuditReader } from '../../../src/storage/postgres/audit.ts'
import { numberCommitted } from '../../../src/storage/postgres/sequencer.ts'
import { makeTransactions } from '../../../src/storage/postgres/transactions.ts'
import { aCaller } from '../../support/builders.ts'
import { eachEngine } from '../../support/store.ts'

eachEngine(t, 'audit rows are found by what, who and when, page by page', async (t, database) => {
  let minute = 0
  const transactions = makeTransactions({
    database,
    now: () => new Date(Date.UTC(2026, 10, 23, 6, minute++)),
    follow: async () => undefined,
  })
  for (const [actor, target] of [
    ['a', 'x'],
    ['b', 'x'],
    ['a', 'y'],
    ['b', 'y'],
  ] as const) {
    await transactions.write(aCaller({ id: actor }), ledger =>
      ledger.audit({ action: 'identifier.created', target, detail: { serial: 1 } }),
    )
  }
  await transactions.write(aCaller(), ledger => ledger.audit({ action: 'late', target: 'z' }))
  await numberCommitted(database, hashAuditRow)
  await transactions.write(aCaller(), ledger => ledger.audit({ action: 'unchained', target: 'z' }))
  const reader = makeAuditReader(database)
  const seqs = async (...asked: Parameters<typeof reader.list>) =>
    (await reader.list(...asked)).items.map(({ seq }) => seq)

  const first = await reader.list({}, { limit: 2 })
  const second = await reader.list({}, { limit: 2, cursor: first.next ?? '' })
  const last = await reader.list({}, { limit: 2, cursor: second.next ?? '' })

  t.match(first.items[0], {
    seq: 1,
    at: '2026-11-23T06:00:00.000Z',
    actor: 'a',
    role: 'enterprise',
    action: 'identifier.created',
    target: 'x',
    detail: { serial: 1 },
    hash: /^[0-9a-f]{64}$/,
  })
  t.strictSame(
    [...first.items, ...second.items, ...last.items].map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
  )
  t.strictSame(last.items[0]?.detail, {}, 'nothing to say is an empty object')
  t.equal(last.next, null)
  t.strictSame(await seqs({ subject: 'x' }, { limit: 10 }), [1, 2])
  t.strictSame(await seqs({ actor: 'b' }, { limit: 10 }), [2, 4])
  t.strictSame(await seqs({ actor: 'b', subject: 'x' }, { limit: 10 }), [2])
  t.strictSame(await seqs({ since: '2026-11-23T06:03:00Z' }, { limit: 10 }), [4, 5])
  await t.rejects(reader.list({}, { limit: 1, cursor: 'bm8' }), { code: 'INPUT_INVALID' })
})
