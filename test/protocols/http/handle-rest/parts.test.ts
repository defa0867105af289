import t from 'tap'
import { parseLocations } from '../../../../src/protocols/handle/values/locations.ts'
import { chooseLocation } from '../../../../src/protocols/http/handle-rest/choose-location.ts'
import { parseFields } from '../../../../src/protocols/http/handle-rest/credentials.ts'
import {
  flag,
  parseParameters,
  strictFlag,
} from '../../../../src/protocols/http/handle-rest/parameters.ts'
import {
  bareHandle,
  decodePath,
  proxiedHandle,
} from '../../../../src/protocols/http/handle-rest/paths.ts'
import { callbackName } from '../../../../src/protocols/http/handle-rest/reply.ts'
import { makeSessions } from '../../../../src/protocols/http/handle-rest/sessions.ts'
import { readValues, restValue } from '../../../../src/protocols/http/handle-rest/value-json.ts'
import { aValue } from '../../../support/builders.ts'
import { aClock } from '../../../support/clock.ts'

t.test('a callback is a name', async t => {
  t.equal(callbackName('a.b(1'), 'a_b_1')
  t.equal(callbackName('1a$'), '_a$')
  t.equal(callbackName('名字'), '名字')
})

t.test('booleans of a PUT are strict, all others are not', async t => {
  const parameters = parseParameters('a&b=yes&c=TRUE&d=1&e=false')

  t.same(
    ['a', 'b', 'c', 'd', 'e', 'f'].map(name => flag(parameters, name)),
    [true, true, true, false, false, false],
  )
  t.same(
    ['a', 'b', 'c', 'd', 'e', 'f'].map(name => strictFlag(parameters, name, true)),
    [false, false, true, false, false, true],
  )
  t.same(parseParameters('x=a+b&x=c').get('x'), ['a+b', 'c'])
})

t.test('a path is decoded once, and plus is a plus', async t => {
  t.equal(decodePath('88.118.8/a%2Fb+c'), '88.118.8/a/b+c')
  t.equal(decodePath('88.118.8/%E6%B1%9F'), '88.118.8/江')
  t.equal(decodePath(Buffer.from('88.118.8/江').toString('latin1')), '88.118.8/江')
  for (const broken of ['%', '%ff', '%00', '\xff'])
    t.throws(() => decodePath(broken), { message: 'not UTF-8' })
})

t.test('what the proxy takes begins with a dotted prefix', async t => {
  t.equal(proxiedHandle('/88.118.8/x/y'), '88.118.8/x/y')
  t.equal(proxiedHandle('/88.118.8%2Fx'), '88.118.8%2Fx')
  t.equal(proxiedHandle('/hdl:88.118.8/x'), 'hdl:88.118.8/x')
  t.equal(proxiedHandle('/0.NA/88.118.8'), '0.NA/88.118.8')
  for (const other of [
    '/01/06901234567892',
    '/1.0/x',
    '/v1/x',
    '/',
    '/favicon.ico',
    '/88/x',
    '/8003/1.2',
  ]) {
    t.equal(proxiedHandle(other), undefined, other)
  }
  t.equal(bareHandle('doi:10.1000/1'), '10.1000/1')
  t.equal(bareHandle('urn:hdl:88.118.8:x:y'), '88.118.8/x:y')
  t.equal(bareHandle('info:hdl/88.118.8/x'), '88.118.8/x')
})

t.test('fields of a credential may be quoted or not', async t => {
  const fields = parseFields(
    'version="0", sessionId=ab12 ,id="300%3A88.118.8/A", cnonce="AA==",alg="HMAC-SHA256"',
  )

  t.same(Object.fromEntries(fields), {
    version: '0',
    sessionId: 'ab12',
    id: '300%3A88.118.8/A',
    cnonce: 'AA==',
    alg: 'HMAC-SHA256',
  })
})

t.test('administrators’ rights have five spellings', async t => {
  const permissionsOf = (permissions: unknown) => {
    const value = { handle: '88.118.8/A', index: 300, permissions }
    const [read] = readValues([
      { index: 1, type: 'HS_ADMIN', data: { format: 'admin', value } },
    ]).values
    return read?.data.format === 'admin' && read.data.value.permissions
  }

  t.equal(permissionsOf('*'), '111111111111')
  t.equal(permissionsOf(true), '111111111111')
  t.equal(permissionsOf(16), '000000010000')
  t.equal(permissionsOf('11'), '000000000011')
  t.equal(permissionsOf([1, 0, true]), '000000000101')
  t.equal(permissionsOf(undefined), '000000000000')
})

t.test('a site is read in its old spellings, and comes back in the new', async t => {
  const [value] = readValues({
    index: 1,
    type: 'HS_SITE',
    data: {
      format: 'site',
      value: {
        Version: 1,
        ProtocolVersion: '2.10',
        SerialNumber: 3,
        PrimarySite: true,
        MultiPrimary: false,
        Attributes: { desc: 'x' },
        Servers: [
          {
            ServerId: 1,
            Address: '192.0.2.1',
            Interfaces: [{ Query: true, Admin: false, Protocol: 'UDP', Port: 2641 }],
          },
        ],
      },
    },
  }).values

  t.match(value && restValue(value), {
    data: {
      value: {
        serialNumber: 3,
        attributes: [{ name: 'desc', value: 'x' }],
        servers: [{ address: '192.0.2.1', interfaces: [{ protocol: 'UDP', admin: false }] }],
      },
    },
  })
})

t.test('what is usual is left out of a value', async t => {
  t.same(Object.keys(restValue(aValue())), ['index', 'type', 'data', 'ttl', 'timestamp'])
  t.same(
    Object.keys(restValue(aValue({ timestamp: '1970-01-01T00:00:00Z', permissions: '1100' }))),
    ['index', 'type', 'data', 'ttl', 'permissions'],
  )
})

t.test('locations are drawn in proportion to their weights', async t => {
  const locations = parseLocations(
    '<locations><location href="a" weight="1"/><location href="b" weight="3"/><location href="c" weight="0"/></locations>',
  )
  const drawn = Array.from({ length: 100 }, (_, at) =>
    chooseLocation(locations, { locatts: [], country: undefined, draw: () => at / 100 }),
  ).map(location => location?.href)

  t.equal(drawn.filter(href => href === 'a').length, 25)
  t.equal(drawn.filter(href => href === 'b').length, 75)
})

t.test('a session ends after ten minutes without use, its nonce after two', async t => {
  const clock = aClock()
  const sessions = makeSessions({ clock, random: count => Buffer.alloc(count, 1) })
  const session = sessions.open()

  await clock.advance(119_000)
  t.ok(sessions.nonceOf(session))
  await clock.advance(1_000)
  t.notOk(sessions.nonceOf(session))
  t.equal(sessions.find(session.id), session)
  await clock.advance(600_000)
  t.equal(sessions.find(session.id), undefined)
})
