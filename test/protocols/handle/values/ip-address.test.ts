import fc from 'fast-check'
import t from 'tap'
import { ipAddressOf, ipAddressText } from '../../../../src/protocols/handle/values/ip-address.ts'

const zeros = '00'.repeat(12)

const examples = [
  ['10.0.0.1', `${zeros}0a000001`],
  ['0.0.0.0', `${zeros}00000000`],
  ['::1', `${zeros}00000001`],
  ['2001:db8::9', '20010db8000000000000000000000009'],
  ['fe80::', `fe80${'00'.repeat(14)}`],
  ['::ffff:192.0.2.1', `${'00'.repeat(10)}ffffc0000201`],
] as const

for (const [text, hex] of examples) {
  t.test(`${text} is ${hex}`, async t => {
    t.equal(ipAddressOf(text).toString('hex'), hex)
    t.equal(ipAddressText(Buffer.from(hex, 'hex')), text)
  })
}

t.test('spellings of one address give the same bytes', async t => {
  t.same(ipAddressOf('2001:0DB8:0:0:0:0:0:9'), ipAddressOf('2001:db8::9'))
  t.same(ipAddressOf('::'), ipAddressOf('0.0.0.0'))
})

t.test('sixteen bytes come back through their text', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), bytes =>
        ipAddressOf(ipAddressText(Buffer.from(bytes))).equals(bytes),
      ),
    ),
  )
})

t.test('what is no address is our own mistake', async t => {
  for (const text of ['', 'node.example', '10.0.0', 'fe80::1%eth0']) {
    t.throws(() => ipAddressOf(text), { code: 'ERR_ASSERTION' })
  }
})
