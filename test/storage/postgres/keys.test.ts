import t from 'tap'
import type { KeyRow, NewKeyRow } from '../../../src/crypto/key-store.ts'
import { makeKeyRows } from '../../../src/storage/postgres/keys.ts'
import { eachEngine } from '../../support/store.ts'

const createdAt = new Date('2026-11-23T06:00:00Z')
const row: NewKeyRow = {
  purpose: 'code',
  scope: '88.118.1',
  version: 1,
  algorithm: 'sm4',
  state: 'active',
  wrapped: Buffer.from('00ff10', 'hex'),
  kcv: 'ab12cd',
}

eachEngine(t, 'keys are kept by purpose, scope and version, each once', async (t, database) => {
  const rows = makeKeyRows(database, () => createdAt)

  t.same(await rows.insert(row), createdAt)
  t.equal(await rows.insert({ ...row, kcv: 'other' }), undefined)
  t.ok(await rows.insert({ ...row, version: 2 }))
  t.ok(await rows.insert({ ...row, scope: '88.118.2' }))
  t.ok(await rows.insert({ ...row, purpose: 'master', scope: '', wrapped: null }))

  const byVersion = [...(await rows.find('code', '88.118.1'))].sort((a, b) => a.version - b.version)
  const stored = { ...row, leaked: false, createdAt }
  t.strictSame(byVersion, [stored, { ...stored, version: 2 }])
  t.strictSame(await rows.find('dek', '88.118.1'), [])
  t.equal((await rows.findAll('code')).length, 3)
  t.match(await rows.findAll('master'), [{ wrapped: null }])
})

eachEngine(t, 'a retired key keeps its bytes, a destroyed one loses them', async (t, database) => {
  const rows = makeKeyRows(database, () => createdAt)
  await rows.insert(row)
  await rows.insert({ ...row, version: 2 })

  await rows.setState(row, 'retired')
  const retired = await rows.find('code', row.scope)
  await rows.setState(row, 'destroyed')
  const destroyed = await rows.find('code', row.scope)

  const stateOf = (found: readonly KeyRow[], version: number) =>
    found.filter(key => key.version === version).map(({ state, wrapped }) => [state, wrapped])
  t.strictSame(stateOf(retired, 1), [['retired', row.wrapped]])
  t.strictSame(stateOf(destroyed, 1), [['destroyed', null]])
  t.strictSame(stateOf(destroyed, 2), [['active', row.wrapped]])
})

eachEngine(
  t,
  'what leaked is marked for good, and states are told without keys',
  async (t, database) => {
    const rows = makeKeyRows(database, () => createdAt)
    await rows.insert(row)

    await rows.setState(row, 'retired', true)
    await rows.setState(row, 'retired')

    t.strictSame(await rows.states(['code', 'status']), [
      { purpose: 'code', scope: row.scope, version: 1, state: 'retired', leaked: true },
    ])
    t.strictSame(await rows.states(['status']), [])
  },
)
