import t from 'tap'
import type { Site } from '../../../../src/model/value.ts'
import { chooseServers, isPrivate } from '../../../../src/protocols/handle/client/site-choice.ts'
import { serverNumberOf } from '../../../../src/protocols/handle/server-hash.ts'
import { siteOfServer } from '../../../../src/protocols/handle/site-values.ts'

function aSite(address: string, port = 2641): Site {
  const interfaces = [
    { query: true, admin: true, protocol: 'TCP' as const, port },
    { query: true, admin: false, protocol: 'UDP' as const, port },
    { query: true, admin: true, protocol: 'HTTP' as const, port: 8000 },
  ]
  return siteOfServer({ address, interfaces, serialNumber: 1, description: '' })
}

const addresses = (sites: readonly Site[], isForeign = false, mayBePrivate = false) =>
  chooseServers({ sites, isForeign }, '88.1/x', mayBePrivate).map(({ address }) => address)

t.test('of each site the server that the hash says is asked', async t => {
  const servers = ['203.0.113.1', '203.0.113.2', '203.0.113.3'].flatMap(
    address => aSite(address).servers,
  )
  const site: Site = { ...aSite('203.0.113.1'), hashOption: 'HASH_TYPE_BY_ALL', servers }

  for (const handle of ['88.1/a', '88.1/b', '88.1/c', '88.1/d']) {
    const [chosen] = chooseServers({ sites: [site], isForeign: false }, handle, false)
    const number = serverNumberOf(handle, 'HASH_TYPE_BY_ALL', servers.length)

    t.equal(chosen?.address, servers[number]?.address)
  }
})

t.test('the families take turns, in the order of the sites', async t => {
  const sites = ['203.0.113.1', '203.0.113.2', '2001:db8::1', '2001:db8::2', '2001:db8::3']

  t.strictSame(addresses(sites.map(site => aSite(site))), [
    '203.0.113.1',
    '2001:db8::1',
    '203.0.113.2',
    '2001:db8::2',
    '2001:db8::3',
  ])
})

t.test('interfaces that answer no questions, or that we do not speak, do not count', async t => {
  const interfaces = [
    { query: false, admin: true, protocol: 'TCP' as const, port: 2641 },
    { query: true, admin: true, protocol: 'HTTP' as const, port: 8000 },
  ]
  const facts = { address: '203.0.113.1', serialNumber: 1, description: '' }

  t.strictSame(addresses([siteOfServer({ ...facts, interfaces })]), [])
  t.strictSame(addresses([{ ...aSite('203.0.113.1'), servers: [] }]), [])
})

t.test('at most eight servers are tried', async t => {
  const sites = Array.from({ length: 40 }, (_, n) => aSite(`203.0.113.${n}`))

  t.equal(addresses(sites).length, 8)
})

t.test('private addresses count only when an operator said them', async t => {
  const sites = [aSite('10.0.0.1'), aSite('::1'), aSite('8.8.8.8')]

  t.strictSame(addresses(sites, true), ['8.8.8.8'])
  t.equal(addresses(sites, true, true).length, 3)
  t.equal(addresses(sites, false).length, 3)
})

for (const address of [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '169.254.169.254',
  '172.31.255.255',
  '192.168.1.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '2001::1',
  'fc00::1',
  'fe80::1',
  'ff02::1',
]) {
  t.test(`${address} is nobody's public address`, async t => {
    t.ok(isPrivate(address))
  })
}

for (const address of ['8.8.8.8', '172.32.0.1', '223.255.255.255', '2001:da8::1', '2400::1']) {
  t.test(`${address} is a public address`, async t => {
    t.notOk(isPrivate(address))
  })
}
