import t from 'tap'
import { parseCidrs } from '../../../src/access/cidr.ts'
import { makeAddressBook } from '../../../src/protocols/http/address-book.ts'

const loopback = parseCidrs(['127.0.0.0/8', '::1/128'], '')

t.test('addresses of one /64 are one party, IPv4 addresses are each their own', async t => {
  const book = makeAddressBook(() => loopback)
  const party = (address: string) => book(address).party

  t.equal(party('192.0.2.1'), '192.0.2.1')
  t.equal(party('::ffff:192.0.2.1'), '192.0.2.1')
  t.equal(party('2001:db8:1:2:3:4:5:6'), party('2001:db8:1:2::9'))
  t.not(party('2001:db8:1:2::9'), party('2001:db8:1:3::9'))
  t.equal(party('2001:db8::1'), '2001:db8:0:0')
  t.equal(party('::1'), '0:0:0:0')
  t.equal(party('fe80::1%eth0'), 'fe80:0:0:0')
})

t.test('exempt networks follow the configuration', async t => {
  let exempt = loopback
  const book = makeAddressBook(() => exempt)
  t.equal(book('127.0.0.1').isExempt, true)
  t.equal(book('192.0.2.1').isExempt, false)

  exempt = parseCidrs(['192.0.2.0/24'], '')

  t.equal(book('127.0.0.1').isExempt, false)
  t.equal(book('192.0.2.1').isExempt, true)
})

t.test(
  'addresses that load is tested from are one party, and counted even where exempt',
  async t => {
    let from = parseCidrs(['127.0.0.1/32', '192.0.2.0/24'], '')
    const book = makeAddressBook(
      () => loopback,
      () => from,
    )
    t.equal(book('127.0.0.1').party, book('192.0.2.7').party)
    t.same(book('127.0.0.1'), { party: 'load test', isExempt: false, isLoadTest: true })
    t.equal(book('127.0.0.2').isExempt, true)

    from = parseCidrs([], '')

    t.same(book('127.0.0.1'), { party: '127.0.0.1', isExempt: true, isLoadTest: false })
  },
)
