import t from 'tap'
import type { NewClient } from '../../../src/registry/parts.ts'
import { makeClients } from '../../../src/storage/postgres/clients.ts'
import { makeTransactions } from '../../../src/storage/postgres/transactions.ts'
import { aCaller } from '../../support/builders.ts'
import { eachEngine } from '../../support/store.ts'

const client: NewClient = {
  id: 'ab12cd34',
  name: '企业系统 "ERP", {1}',
  role: 'enterprise',
  subject: 'alpha',
  prefixes: ['88.118.8', 'gs1:6901234'],
  cidrs: [],
  until: '2027-01-01T00:00:00.000Z',
  hash: Buffer.from('00ff10', 'hex'),
  keys: [{ kid: 'one', alg: 'EdDSA', jwk: { kty: 'OKP', crv: 'Ed25519', x: 'AA' } }],
  certificates: ['bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2'],
}

eachEngine(t, 'a client comes back as it was written', async (t, database) => {
  const transactions = makeTransactions({
    database,
    now: () => new Date('2026-11-23T06:00:00.000Z'),
    follow: async () => undefined,
  })
  const reader = makeClients(database)
  const put = (more: Partial<NewClient>) =>
    transactions.write(aCaller(), ledger => ledger.putClient({ ...client, ...more }))
  const revoke = (id: string) => transactions.write(aCaller(), ledger => ledger.revokeClient(id))

  t.equal(await put({}), true)
  t.equal(await put({ name: 'another with this id' }), false)
  await put({ id: '00000001', subject: null, until: null, prefixes: [] })
  await put({ id: 'ff000000', hash: null, keys: [], certificates: [] })
  t.equal(await revoke('ff000000'), true)
  t.equal(await revoke('ffffffff'), false)

  t.strictSame(await reader.find('ab12cd34'), {
    ...client,
    hasApiKey: true,
    revokedAt: null,
    createdAt: '2026-11-23T06:00:00.000Z',
  })
  t.match(await reader.find('00000001'), { subject: null, until: null, prefixes: [] })
  t.match(await reader.find('ff000000'), {
    hash: null,
    hasApiKey: false,
    keys: [],
    certificates: [],
    revokedAt: '2026-11-23T06:00:00.000Z',
  })
  t.equal(await reader.find('ffffffff'), undefined)
  t.equal(await put({ id: 'ff000000' }), false, 'a revoked id is not given again')

  const first = await reader.list({ limit: 2 })
  const second = await reader.list({ limit: 2, cursor: first.next ?? '' })
  t.strictSame(
    [first, second].map(({ items }) => items.map(({ id }) => id)),
    [['00000001', 'ab12cd34'], ['ff000000']],
  )
  t.equal(second.next, null)
  t.notOk('hash' in first.items[0]!)
})
