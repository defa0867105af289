import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { readClientKeys, readThumbprints } from '../../src/access/client-keys.ts'

const jwk = (more: object = {}) => ({
  ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }),
  ...more,
})

t.test('the fault of a key is told with its place and in both languages', async t => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const secret = { ...privateKey.export({ format: 'jwk' }) }

  t.throws(() => readClientKeys([jwk(), secret], '/jwks/keys'), {
    code: 'INPUT_INVALID',
    errors: [
      { pointer: '/jwks/keys/1', rule: 'jwk.private', detail: { zh: /私钥/, en: /private key/ } },
    ],
  })
  t.throws(() => readClientKeys([jwk({ kid: 'a' }), jwk({ kid: 'a' })], '/jwks/keys'), {
    errors: [{ pointer: '/jwks/keys/1', rule: 'jwk.twice' }],
  })
  t.throws(
    () =>
      readClientKeys(
        [1, 2, 3, 4, 5].map(() => jwk()),
        '/jwks/keys',
      ),
    {
      errors: [{ pointer: '/jwks/keys', rule: 'client.keys' }],
    },
  )
  t.equal(
    readClientKeys(
      [1, 2, 3, 4].map(() => jwk()),
      '/jwks/keys',
    ).length,
    4,
  )
})

t.test('a thumbprint has one form', async t => {
  const right = 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2'.replace(/2$/, 'w')
  const wrong = ['', 'AA', `${right}=`, right.replaceAll('_', '/'), `${right}A`, 'ab'.repeat(32)]

  t.strictSame(readThumbprints([right, right], '/certificates'), [right])
  for (const text of wrong) {
    t.throws(
      () => readThumbprints([right, text], '/certificates'),
      { errors: [{ pointer: '/certificates/1', rule: 'certificate.thumbprint' }] },
      text,
    )
  }
})
