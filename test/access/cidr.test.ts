import t from 'tap'
import { cidrsMax, parseCidrs } from '../../src/access/cidr.ts'

const cases: [networks: string[], inside: string[], outside: string[]][] = [
  [['10.0.0.0/8'], ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3'], ['11.0.0.0', '::a00:1']],
  [['192.168.1.7'], ['192.168.1.7', '::FFFF:c0a8:107'], ['192.168.1.6', '192.168.1.8']],
  [['10.1.2.3/8'], ['10.9.9.9'], ['11.1.2.3']],
  [['2001:db8::/32'], ['2001:db8::1', '2001:DB8:ffff::'], ['2001:db9::1', '32.1.13.184']],
  [['::1'], ['::1', '0:0:0:0:0:0:0:1'], ['127.0.0.1', '::ffff:127.0.0.1']],
  [['::ffff:10.0.0.0/104'], ['10.9.9.9', '::ffff:10.9.9.9'], ['11.0.0.1']],
  [['0.0.0.0/0'], ['1.2.3.4', '::ffff:1.2.3.4'], ['::1', '2001:db8::1']],
  [['::/0'], ['::1', '2001:db8::1'], ['1.2.3.4', '::ffff:1.2.3.4']],
  [['fe80::/10'], ['fe80::1', 'fe80::1%eth0'], ['ff80::1']],
  [['10.0.0.0/8', '::1'], ['10.0.0.1', '::1'], ['::2']],
  [[], [], ['127.0.0.1', '::1']],
]

for (const [networks, inside, outside] of cases) {
  t.test(`[${networks}] holds what lies in it and nothing else`, async t => {
    const cidrs = parseCidrs(networks, '/cidrs')

    for (const address of inside) t.equal(cidrs.has(address), true, address)
    for (const address of [...outside, '', 'localhost', '10.0.0', '10.0.0.1/8', '10.0.0.1\0']) {
      t.equal(cidrs.has(address), false, JSON.stringify(address))
    }
  })
}

t.test('what is no network is refused by its place in the list', async t => {
  const wrong = [
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '10.0.0.0/8 ',
    '010.0.0.0/8',
    '::/129',
    '::ffff:10.0.0.0/95',
    'fe80::1%eth0/64',
    '10.0.0.0/1e1',
  ]

  for (const text of wrong) {
    t.throws(
      () => parseCidrs(['10.0.0.0/8', text], '/cidrs'),
      { code: 'INPUT_INVALID', errors: [{ pointer: '/cidrs/1', rule: 'cidr' }] },
      text,
    )
  }
})

t.test('a list has a bound', async t => {
  const networks = Array.from({ length: cidrsMax + 1 }, (_, n) => `10.0.0.${n}`)

  t.equal(parseCidrs(networks.slice(1), '/cidrs').has('10.0.0.64'), true)
  t.throws(() => parseCidrs(networks, '/cidrs'), { errors: [{ rule: 'cidr.count' }] })
})
