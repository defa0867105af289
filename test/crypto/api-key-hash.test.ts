import t from 'tap'
import { makeApiKeyHash } from '../../src/crypto/api-key-hash.ts'

t.test('the published hash of an API key is reproduced', async t => {
  const hash = makeApiKeyHash(Buffer.alloc(32, 0x33))

  const hashed = hash('qxk_ab12cd34_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8')

  t.equal(
    hashed.toString('hex'),
    '9808ca1ce791018356ffd9ad40784b6a43e6a4074a0269faec382e716d339eca',
  )
})
