import t from 'tap'
import type { KeyRow } from '../../../src/crypto/key-store.ts'
import { makeKeyRows } from '../../../src/storage/postgres/keys.ts'
import { eachEngine } from '../../support/store.ts'

const row: KeyRow = {
  purpose: 'code',
  scope: '88.118.1',
  version: 1,
  algorithm: 'sm4',
  state: 'active',
  wrapped: Buffer.from('00ff10', 'hex'),
  kcv: 'ab12cd',
}

eachEngine(t, 'keys are kept by purpose, scope and version, each once', async (t, database) => {
  const rows = makeKeyRows(database, () => new Date())

  t.equal(await rows.insert(row), true)
  t.equal(await rows.insert({ ...row, kcv: 'other' }), false)
  t.equal(await rows.insert({ ...row, version: 2 }), true)
  t.equal(await rows.insert({ ...row, scope: '88.118.2' }), true)
  t.equal(await rows.insert({ ...row, purpose: 'master', scope: '', wrapped: null }), true)

  const byVersion = [...(await rows.find('code', '88.118.1'))].sort((a, b) => a.version - b.version)
  t.strictSame(byVersion, [row, { ...row, version: 2 }])
  t.strictSame(await rows.find('dek', '88.118.1'), [])
  t.equal((await rows.findAll('code')).length, 3)
  t.match(await rows.findAll('master'), [{ wrapped: null }])
})

eachEngine(t, 'a retired key keeps its bytes, a destroyed one loses them', async (t, database) => {
  const rows = makeKeyRows(database, () => new Date())
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
