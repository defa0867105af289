import t from 'tap'
import { aCaller, aRecord, aSubject } from '../../../support/builders.ts'
import { aDoor, aSmallWorld } from '../a-door.ts'

const code = '88.118.1/1XJRACLXEEWEA9'
const path = `/v1/enterprises/${encodeURIComponent(code)}/identifiers`
const world = {
  ...aSmallWorld,
  subjects: [aSubject('aaaaaaaaaaaaaa', { code }), aSubject('bbbbbbbbbbbbbb')],
  records: [
    ...aSmallWorld.records,
    aRecord({ identifier: '88.118.8/EQ-1', kind: 'equipment' }),
    aRecord({ identifier: '88.118.7/OTHERS' }),
  ],
  callers: {
    ...aSmallWorld.callers,
    government: aCaller({ id: 'g0vernme', role: 'government' }),
    bank: aCaller({ id: 'bank0000', role: 'bank' }),
  },
}

t.test('from a code to its products and equipment, under all its prefixes', async t => {
  const { app } = aDoor(t, world)
  const list = async (query: string) => {
    const headers = { authorization: 'Bearer owner' }
    return (await app.inject({ url: path + query, headers })).json().items
  }

  t.match(await list(''), [{ identifier: '88.118.8/ABC-1' }, { identifier: '88.118.8/EQ-1' }])
  t.match(await list('?kind=equipment'), [
    { identifier: '88.118.8/EQ-1', system: 'handle', kind: 'equipment', serial: 1 },
  ])
})

t.test('the enterprise itself, the government and operators may list; others may not', async t => {
  const { app } = aDoor(t, world)
  const statusFor = async (caller: string | undefined) => {
    const headers = caller === undefined ? {} : { authorization: `Bearer ${caller}` }
    return (await app.inject({ url: path, headers })).statusCode
  }

  t.equal(await statusFor('owner'), 200)
  t.equal(await statusFor('government'), 200)
  t.equal(await statusFor('operator'), 200)
  t.equal(await statusFor('other'), 403)
  t.equal(await statusFor('bank'), 403)
  t.equal(await statusFor(undefined), 401)
})
