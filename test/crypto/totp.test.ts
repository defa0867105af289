import t from 'tap'
import { describeTotp, makeTotpSecret, totpStepOf } from '../../src/crypto/totp.ts'

/** RFC 6238 appendix B, SHA-1: the last six of its eight digits. */
const secret = Buffer.from('12345678901234567890')
const vectors = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
] as const

t.test('the codes of RFC 6238 appendix B are right at their time', async t => {
  for (const [seconds, code] of vectors) {
    t.equal(totpStepOf(secret, code, seconds * 1000), Math.floor(seconds / 30), code)
  }
})

t.test('clocks may differ by 60 s, and the step of a code stays its own', async t => {
  const [, [seconds, code]] = vectors
  const step = Math.floor(seconds / 30)
  const startMs = step * 30_000

  for (const apartMs of [-60_000, -1, 0, 29_999, 89_999]) {
    t.equal(totpStepOf(secret, code, startMs + apartMs), step, `${apartMs} ms`)
  }
  for (const apartMs of [-60_001, 90_000]) {
    t.equal(totpStepOf(secret, code, startMs + apartMs), undefined, `${apartMs} ms`)
  }
})

t.test('what is no code is none', async t => {
  for (const text of ['', '28708', '2870822', '287O82', '-87082', ' 287082']) {
    t.equal(totpStepOf(secret, text, 59_000), undefined, text)
  }
})

t.test('an app reads the same secret from the text and from the symbol', async t => {
  const made = makeTotpSecret(count => Buffer.alloc(count, 7))

  const { secret: text, uri } = describeTotp(made, { issuer: 'id.example.cn', username: '张三' })

  t.match(text, /^[A-Z2-7]{32}$/)
  const read = new URL(uri)
  t.equal(read.protocol, 'otpauth:')
  t.equal(read.searchParams.get('secret'), text)
  t.equal(decodeURIComponent(read.pathname), '/id.example.cn:张三')
  t.match(uri, /^[\x21-\x7e]+$/)
})
