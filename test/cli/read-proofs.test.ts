import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { readPublicKeys, readThumbprint } from '../../src/cli/read-proofs.ts'
import { certificates } from '../scenarios/certificates.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const jwk = publicKey.export({ format: 'jwk' })
const secret = privateKey.export({ format: 'jwk' })
const { cert, key } = certificates.first

t.test('a public key is read as JWK, as a set of them, and as PEM', async t => {
  const folder = t.testdir({
    'one.json': JSON.stringify({ ...jwk, kid: 'line 3' }),
    'set.json': JSON.stringify({ keys: [jwk, jwk] }),
    'one.pem': String(publicKey.export({ type: 'spki', format: 'pem' })),
  })
  const read = (name: string) => readPublicKeys(join(folder, name))

  t.strictSame(await read('one.json'), [{ ...jwk, kid: 'line 3' }])
  t.strictSame(await read('set.json'), [jwk, jwk])
  t.strictSame(await read('one.pem'), [{ ...jwk }])
})

t.test('a private key leaves the machine for nobody', async t => {
  const folder = t.testdir({
    'jwk.json': JSON.stringify(secret),
    'set.json': JSON.stringify({ keys: [jwk, secret] }),
    'both.pem': `${cert}${key}`,
    'key.pem': String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  })

  for (const name of ['jwk.json', 'set.json', 'both.pem', 'key.pem']) {
    await t.rejects(readPublicKeys(join(folder, name)), { message: /private key/ }, name)
  }
})

t.test('the thumbprint is that of the certificate’s DER', async t => {
  const folder = t.testdir({ 'cert.pem': cert, 'other.pem': 'nothing' })
  const expected = createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url')

  t.equal(await readThumbprint(join(folder, 'cert.pem')), expected)
  await t.rejects(readThumbprint(join(folder, 'other.pem')), { name: 'UsageError' })
  await t.rejects(readThumbprint(join(folder, 'missing.pem')), { name: 'UsageError' })
  await t.rejects(readPublicKeys(join(folder, 'other.pem')), { name: 'UsageError' })
})
