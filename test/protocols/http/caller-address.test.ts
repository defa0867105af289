import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { parseCidrs } from '../../../src/access/cidr.ts'
import { callerAddress } from '../../../src/protocols/http/caller-address.ts'

const trusted = parseCidrs(['10.0.0.0/8', '2001:db8:1::/48'], '')

function from(peer: string | undefined, forwarded?: string) {
  const headers = { 'x-forwarded-for': forwarded, forwarded: 'for=6.6.6.6', 'x-real-ip': '6.6.6.6' }
  return callerAddress(
    { socket: { remoteAddress: peer }, headers } as never as IncomingMessage,
    trusted,
  )
}

t.test('a stranger is where its socket is, whatever it says', async t => {
  t.equal(from('203.0.113.5'), '203.0.113.5')
  t.equal(from('203.0.113.5', '6.6.6.6'), '203.0.113.5')
  t.equal(from('203.0.113.5', '10.0.0.1'), '203.0.113.5')
})

t.test('a trusted proxy is believed up to the first address that is no proxy of ours', async t => {
  t.equal(from('10.0.0.1', '198.51.100.7'), '198.51.100.7')
  t.equal(from('10.0.0.1', '6.6.6.6, 198.51.100.7'), '198.51.100.7')
  t.equal(from('10.0.0.1', '6.6.6.6, 198.51.100.7, 10.0.0.2'), '198.51.100.7')
  t.equal(from('10.0.0.1', '10.0.0.3, 10.0.0.2'), '10.0.0.3')
  t.equal(from('::ffff:10.0.0.1', '198.51.100.7'), '198.51.100.7')
  t.equal(from('2001:db8:1::5', '2001:db8:9::1'), '2001:db8:9::1')
})

t.test('what is no address is not believed', async t => {
  t.equal(from('10.0.0.1', 'unknown'), '10.0.0.1')
  t.equal(from('10.0.0.1', '198.51.100.7, <script>'), '10.0.0.1')
  t.equal(from('10.0.0.1', ''), '10.0.0.1')
  t.equal(from('10.0.0.1', `${'6.6.6.6,'.repeat(5000)}junk`), '10.0.0.1')
})

t.test('addresses with ports are read without them', async t => {
  t.equal(from('10.0.0.1', '198.51.100.7:4711'), '198.51.100.7')
  t.equal(from('10.0.0.1', '[2001:db8:9::1]:4711'), '2001:db8:9::1')
})

t.test('a socket that is gone is nobody', async t => {
  t.equal(from(undefined), '0.0.0.0')
})
