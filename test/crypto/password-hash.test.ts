import t from 'tap'
import { hashPassword, isPassword } from '../../src/crypto/password-hash.ts'

t.test('a password is known by its hash, which is argon2id with our parameters', async t => {
  const stored = await hashPassword('correct horse battery')

  t.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  t.notMatch(stored, /horse/)
  t.equal(await isPassword('correct horse battery', stored), true)
  t.equal(await isPassword('correct horse batterY', stored), false)
  t.not(await hashPassword('correct horse battery'), stored, 'each hash has a salt of its own')
})

t.test('a password is the same however a keyboard composes it', async t => {
  const stored = await hashPassword('caf\u00e9 au lait!')

  t.equal(await isPassword('cafe\u0301 au lait!', stored), true)
})

t.test('where there is no hash every password is wrong', async t => {
  t.equal(await isPassword('', undefined), false)
  t.equal(await isPassword('correct horse battery', undefined), false)
})
