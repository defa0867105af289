import t from 'tap'
import {
  accountState,
  isSetupToken,
  makeRecoveryCode,
  makeSetupToken,
  needsSecondFactor,
  parseUsername,
  readSecondFactor,
} from '../../src/access/accounts.ts'
import { roles } from '../../src/model/caller.ts'

const random = (byteCount: number) =>
  Buffer.from(Array.from({ length: byteCount }, (_, at) => at * 37))

t.test('whoever decides over others has a second factor', async t => {
  t.strictSame(roles.filter(needsSecondFactor), ['reviewer', 'government', 'operator'])
})

t.test('an account waits to be set up, works, or is kept out', async t => {
  const [since, hash] = [new Date(), 'hash']

  t.equal(accountState({ passwordHash: null, disabledAt: null }), 'invited')
  t.equal(accountState({ passwordHash: hash, disabledAt: null }), 'active')
  t.equal(accountState({ passwordHash: hash, disabledAt: since }), 'disabled')
  t.equal(accountState({ passwordHash: null, disabledAt: since }), 'disabled')
})

t.test('a username is shown as it was written and found whatever its case and width', async t => {
  t.strictSame(parseUsername(' Li.Si '), { text: 'Li.Si', key: 'li.si' })
  t.strictSame(parseUsername('ＬＩ.si'), { text: 'LI.si', key: 'li.si' })
  t.strictSame(parseUsername('cafe\u0301').key, parseUsername('café').key)
  t.strictSame(parseUsername('zhang@firm.cn').key, 'zhang@firm.cn')
})

t.test('a recovery code is read however it is typed, and is no code of an app', async t => {
  const code = makeRecoveryCode(random)

  t.match(code, /^[a-km-np-z2-9]{5}-[a-km-np-z2-9]{5}$/)
  for (const typed of [
    code,
    code.toUpperCase(),
    code.replace('-', ''),
    ` ${code.replace('-', ' ')} `,
  ]) {
    t.strictSame(readSecondFactor(typed), { kind: 'recovery', code })
  }
  t.strictSame(readSecondFactor(' 123 456'), { kind: 'totp', code: '123456' })
  for (const typed of ['', '12345', '1234567', 'abcde', 'abcde-fghi', 'abcde-fghij-k']) {
    t.equal(readSecondFactor(typed), undefined, typed)
  }
})

t.test('a setup token says what it is', async t => {
  t.equal(isSetupToken(makeSetupToken(random)), true)
  t.equal(isSetupToken('qxs_short'), false)
})
