import { createPublicKey } from 'node:crypto'
import t from 'tap'
import { makeSigningKeys } from '../../src/crypto/signing-keys.ts'
import { aSigningKey } from '../support/signing-keys.ts'

const madeAt = Date.parse('2026-11-23T06:00:00Z')
const lead = 3_660_000
const at = (ms: number) => new Date(madeAt + ms)

t.test(
  'the first key signs at once, the next one when everybody has had time to learn of it',
  async t => {
    const first = aSigningKey()
    const second = aSigningKey({ version: 2, createdAt: at(10_000) })
    const keys = makeSigningKeys([first, second], lead)
    const [one, two] = keys.published(madeAt)

    t.equal(keys.signer(madeAt).kid, one?.kid)
    t.equal(keys.signer(madeAt + 10_000 + lead - 1).kid, one?.kid)
    t.equal(keys.signer(madeAt + 10_000 + lead).kid, two?.kid)
    t.match(keys.published(madeAt + 20_000), [
      { state: 'current', validFrom: at(0), validUntil: null },
      { state: 'next', validFrom: at(10_000 + lead), validUntil: null },
    ])
    t.match(keys.published(madeAt + 10_000 + lead), [
      { state: 'former', validUntil: at(10_000 + lead) },
      { state: 'current', validUntil: null },
    ])
  },
)

t.test('a published key is the public half of the one that signs', async t => {
  const keys = makeSigningKeys([aSigningKey()], lead)
  const { kid, key } = keys.signer(madeAt)

  const published = keys.find(kid)

  t.ok(createPublicKey({ key: { ...published?.jwk }, format: 'jwk' }).equals(createPublicKey(key)))
  t.strictSame(Object.keys(published?.jwk ?? {}).sort(), ['crv', 'kty', 'x'])
})

t.test('a retired key is believed and signs no more', async t => {
  const retired = aSigningKey({ state: 'retired' })
  const second = aSigningKey({ version: 2, createdAt: at(1) })
  const keys = makeSigningKeys([retired, second], lead)
  const [one, two] = keys.published(madeAt + 1)

  t.match([one, two], [{ state: 'former' }, { state: 'current' }])
  t.ok(keys.find(one?.kid ?? ''))
  t.equal(keys.signer(madeAt + 1).kid, two?.kid, 'at once, because nothing else can')
})

t.test('a key that leaked is nobody’s any more', async t => {
  const leaked = aSigningKey({ state: 'retired', leaked: true })
  const before = makeSigningKeys(
    [leaked].map(key => ({ ...key, state: 'active', leaked: false })),
    0,
  )
  const keys = makeSigningKeys([leaked, aSigningKey({ version: 2 })], lead)

  t.equal(keys.find(before.signer(madeAt).kid), undefined)
  t.equal(keys.published(madeAt).length, 1)
})

t.test('names of keys are looked up in a table, whatever they look like', async t => {
  const keys = makeSigningKeys([aSigningKey()], lead)

  for (const kid of [
    '',
    '../../etc/passwd',
    '/dev/null',
    "' or 1=1 --",
    '__proto__',
    'constructor',
  ]) {
    t.equal(keys.find(kid), undefined, kid)
  }
})
