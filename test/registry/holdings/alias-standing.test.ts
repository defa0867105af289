import t from 'tap'
import { anOperator } from '../../support/builders.ts'
import { refusalOf } from '../../support/filing.ts'
import { aLandOffice } from './a-land-office.ts'

const office = await aLandOffice(t)
const { identifiers, aliasStanding, ask } = office
const alpha = await office.enterprise('alpha')
await office.prefix('88.118.8', { owner: alpha.of.code })
await identifiers.create(
  '88.118.8/x',
  { values: [{ index: 1, type: 'GS1', data: '6901234000016' }] },
  { caller: alpha },
)
const by = { caller: anOperator }
const named = { identifier: '88.118.8/X', alias: '(01)06901234000016' } as const

t.test('a released alias leads while nobody holds its prefix', async t => {
  await t.rejects(ask('6901234000016'), { code: 'PREFIX_UNKNOWN' })

  const record = await aliasStanding.set({ ...named, standing: 'released' }, by)
  const answer = await ask('6901234000016')
  await office.prefix('6901234', {
    system: 'gs1',
    owner: (await office.enterprise('beta')).of.code,
  })

  t.match(record, { serial: 2, aliases: [{ standing: 'released' }], submitter: alpha.id })
  t.match(answer, { identifier: '88.118.8/x', sameAs: [{ identifier: '01/06901234000016' }] })
  await t.rejects(ask('6901234000016'), { code: 'IDENTIFIER_UNKNOWN' })
})

t.test('a granted one leads whoever holds it, until that is taken back', async t => {
  await aliasStanding.set({ ...named, standing: 'granted' }, by)
  t.match(await ask('6901234000016'), { identifier: '88.118.8/x' })

  await aliasStanding.set({ ...named, standing: 'claimed' }, by)
  await t.rejects(ask('6901234000016'), { code: 'IDENTIFIER_UNKNOWN' })
})

t.test('what it says stays when the owner writes the record again', async t => {
  await aliasStanding.set({ ...named, standing: 'granted' }, by)

  await identifiers.patch('88.118.8/x', { kind: 'product' }, { caller: alpha })

  t.match(await ask('6901234000016'), { identifier: '88.118.8/x', kind: 'product' })
})

t.test('only an operator’s word counts, on an alias that is there', async t => {
  const standing = 'released' as const

  t.match(
    await refusalOf(aliasStanding.set({ ...named, standing }, { caller: alpha })),
    'NOT_PERMITTED',
  )
  t.equal(
    await refusalOf(aliasStanding.set({ ...named, alias: '6901234000023', standing }, by)),
    'INPUT_INVALID, /alias alias.unknown',
  )
  t.equal(
    await refusalOf(aliasStanding.set({ ...named, identifier: '88.118.8/y', standing }, by)),
    'IDENTIFIER_UNKNOWN',
  )
  t.equal(
    await refusalOf(aliasStanding.set({ ...named, standing }, { ...by, ifSerial: 1 })),
    'VERSION_STALE',
  )
})
