import fc from 'fast-check'
import t from 'tap'
import { isUnder, parsePrefix, walk } from '../../src/mapping/prefix-walk.ts'
import { type System, systems } from '../../src/model/identifier.ts'

for (const [system, authority, prefixes] of [
  ['handle', '88.118.8', ['88.118.8', '88.118', '88']],
  ['code', '88.118.1', ['88.118.1', '88.118', '88']],
  ['vaa', 'VAA88.118', ['VAA88.118', 'VAA88']],
  ['oid', '1.2.156.3', ['1.2.156.3', '1.2.156', '1.2', '1']],
  ['gs1', '690123456', ['690123456', '69012345', '6901234', '690123', '69012', '6901']],
  ['ecode', '10064123', ['10064123', '1006412', '100641', '10064']],
  ['ecode', '300121AB', ['300121AB', '300121A', '300121']],
  ['did', 'did:web:a.com:x', ['did:web:a.com:x', 'did:web:a.com', 'did:web']],
  ['url', 'a.com/x/y', ['a.com/x/y', 'a.com/x', 'a.com']],
  ['url', 'a.com/', ['a.com']],
] as const) {
  t.test(`${system} ${authority} is walked from the longest prefix to the shortest`, async t => {
    t.same([...walk(system, authority)], prefixes)
  })
}

t.test('a GS1 walk asks for 12 to 4 digits and no more', async t => {
  const lengths = [...walk('gs1', '6901234500000001')].map(prefix => prefix.length)

  t.same(lengths, [12, 11, 10, 9, 8, 7, 6, 5, 4])
  t.same([...walk('gs1', '69')], ['69'])
})

t.test('containment is by label, arc, digit or segment, never by letters', async t => {
  t.ok(isUnder('handle', '88.118.8', '88.118.8'))
  t.ok(isUnder('handle', '88.118.8', '88.118'))
  t.notOk(isUnder('handle', '88.118.80', '88.118.8'))
  t.notOk(isUnder('handle', '88.118', '88.118.8'))
  t.notOk(isUnder('handle', '88.118.8', ''))
  t.ok(isUnder('gs1', '690123456789', '6901234'))
  t.notOk(isUnder('gs1', '690123456789', '690'))
  t.notOk(isUnder('oid', '1.2.1560.1', '1.2.156'))
  t.ok(isUnder('url', 'a.com/x', 'a.com'))
  t.notOk(isUnder('url', 'a.com.evil/x', 'a.com'))
  t.notOk(isUnder('did', 'did:web:a.com.evil', 'did:web:a.com'))
})

t.test('something is under a prefix exactly when its walk passes it', async t => {
  const authority = fc
    .array(fc.constantFrom('8', '88', '1', '.', '/', ':', 'did:', 'a', '690'), {
      minLength: 1,
      maxLength: 12,
    })
    .map(parts => parts.join(''))
  fc.assert(
    fc.property(
      fc.constantFrom<System>(...systems),
      authority,
      fc.nat(20),
      (system, authority, end) => {
        const prefix = authority.slice(0, end)
        return isUnder(system, authority, prefix) === [...walk(system, authority)].includes(prefix)
      },
    ),
    { numRuns: 1000 },
  )
  t.pass('agree')
})

for (const [system, text, prefix] of [
  ['handle', '88.118.8', '88.118.8'],
  ['handle', ' ８８。118.AB_c-1 ', '88.118.ab_c-1'],
  ['handle', '86.100', '86.100'],
  ['handle', '88.101.0042', '88.101.0042'],
  ['code', '88.118.1', '88.118.1'],
  ['gs1', '690 1234', '6901234'],
  ['oid', 'urn:oid:1.2.156.20009', '1.2.156.20009'],
  ['ecode', '10064', '10064'],
  ['vaa', 'VAA88.118.8', 'VAA88.118.8'],
  ['did', 'did:web:example.com', 'did:web:example.com'],
  ['url', 'https://Example.com/Products/', 'example.com/Products'],
  ['url', 'example.com', 'example.com'],
] as const) {
  t.test(`the ${system} prefix "${text}" is ${prefix}`, async t => {
    t.equal(parsePrefix(system, text), prefix)
    t.equal(parsePrefix(system, prefix), prefix)
  })
}

for (const [system, text, rule] of [
  ['handle', '88', 'prefix.handle'],
  ['handle', '10.1000', 'prefix.handle'],
  ['handle', '88.123456', 'prefix.handle'],
  ['handle', '88..8', 'prefix.handle'],
  ['handle', '88.118.8/x', 'prefix.handle'],
  ['handle', `88.118.${'8'.repeat(55)}`, 'prefix.handle'],
  ['handle', '88.118.8.9', 'prefix.depth'],
  ['gs1', '690', 'prefix.gs1'],
  ['gs1', '6901234567892', 'prefix.gs1'],
  ['oid', '1.2.0156', 'prefix.oid.leadingZero'],
  ['ecode', '1006', 'prefix.ecode'],
  ['vaa', '88.118.8', 'prefix.vaa'],
  ['did', 'web:example.com', 'prefix.did'],
  ['url', 'https://example.com/?a=1', 'prefix.url'],
  ['url', 'http://[', 'prefix.url'],
  ['handle', '8'.repeat(1_000_000), 'prefix.length'],
] as const) {
  t.test(`the ${system} prefix "${text.slice(0, 40)}" is refused: ${rule}`, async t => {
    t.throws(() => parsePrefix(system, text), {
      code: 'INPUT_INVALID',
      errors: [{ pointer: '/prefix', rule }],
    })
  })
}
