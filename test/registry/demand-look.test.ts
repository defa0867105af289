import t from 'tap'
import { Failure } from '../../src/model/failures.ts'
import { makeDemandLook } from '../../src/registry/demand-look.ts'
import type { AuditEntry, Ledger, Transactions } from '../../src/registry/parts.ts'
import { aCaller, anOperator } from '../support/builders.ts'
import { refusalOf } from '../support/filing.ts'

const context = { filers: [], filerSubjects: [], subject: 's' }

function aLook(isAllowed: boolean) {
  const rows: AuditEntry[] = []
  const clock = { at: new Date('2026-11-23T06:00:00Z') }
  const ledger = { audit: async (entry: AuditEntry) => void rows.push(entry) } as Ledger
  const transactions: Transactions = { write: async (_caller, work) => work(ledger) }
  const demandLook = makeDemandLook({
    transactions,
    demand() {
      if (!isAllowed) throw new Failure('NOT_PERMITTED')
    },
    now: () => clock.at,
  })
  const look = (caller = aCaller()) =>
    refusalOf(demandLook(caller, 'application.read', context, 'application:1'))
  return { look, rows, clock }
}

t.test('who may look leaves no trace here', async t => {
  const { look, rows } = aLook(true)

  t.equal(await look(), 'done')
  t.same(rows, [])
})

t.test('who may not is refused and recorded', async t => {
  const { look, rows } = aLook(false)

  t.equal(await look(), 'NOT_PERMITTED')
  t.same(rows, [{ action: 'application.read.refused', target: 'application:1', detail: {} }])
})

t.test('nobody fills the audit by trying', async t => {
  const { look, rows, clock } = aLook(false)

  for (let attempt = 0; attempt < 30; attempt++) await look()

  t.equal(rows.length, 20)
  t.match(rows.at(-1)?.detail, { further: /not recorded/ })
  await look(anOperator)
  t.equal(rows.length, 21, 'another caller is counted apart')
  clock.at = new Date(clock.at.getTime() + 3_600_000)
  await look()
  t.equal(rows.length, 22, 'and another hour')
})
