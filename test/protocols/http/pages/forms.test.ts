import { createHash } from 'node:crypto'
import t from 'tap'
import { Failure } from '../../../../src/model/failures.ts'
import { say } from '../../../../src/model/text.ts'
import { formPageHeaders } from '../../../../src/protocols/http/pages/form-page.ts'
import { loginPage } from '../../../../src/protocols/http/pages/login.ts'
import { pageBytesMax } from '../../../../src/protocols/http/pages/page.ts'
import {
  setupDonePage,
  setupFormPage,
  setupStartPage,
} from '../../../../src/protocols/http/pages/setup.ts'

const offer = {
  username: null,
  role: 'operator',
  totpSecret: Buffer.alloc(20),
  until: new Date('2026-11-24T06:00:00Z'),
} as const
const totp = {
  secret: 'ABCDEFGHIJKLMNOP',
  uri: 'otpauth://totp/x',
  path: 'M4 4h1v1h-1z',
  across: 57,
}
const done = {
  id: '0123456789abcdef',
  username: 'li.si',
  role: 'operator',
  recoveryCodes: ['abcde-fghij'],
  sessionToken: 'secret of the cookie',
} as const
const wrong = new Failure('NOT_AUTHENTICATED', say('用户名、密码不正确', 'wrong'))

const pages = (['zh', 'en'] as const).flatMap(language => [
  loginPage(language),
  loginPage(language, wrong),
  setupStartPage(language),
  setupFormPage(language, { token: 'qxs_x', offer, totp }),
  setupDonePage(language, done),
])

t.test('style and script of each page are those that its headers allow', async t => {
  const policy = formPageHeaders('zh')['Content-Security-Policy'] ?? ''

  for (const page of pages) {
    const text = page.toString()
    for (const [, source = ''] of text.matchAll(/<(?:style|script)>(.*?)<\/(?:style|script)>/gs)) {
      const hash = createHash('sha256').update(source).digest('base64')
      t.ok(policy.includes(`'sha256-${hash}'`))
    }
    t.notMatch(text, /style=|onclick|href="http|src=/)
    t.ok(page.length < pageBytesMax)
  }
  t.match(policy, "form-action 'self'")
  t.match(policy, "default-src 'none'")
})

t.test('what was sent comes back as text, and a password never', async t => {
  const hostile = '"><script>alert(1)</script>'
  const page = setupFormPage('en', {
    token: hostile,
    offer,
    totp,
    username: hostile,
    failure: new Failure('INPUT_INVALID', say(hostile, hostile)),
  }).toString()

  t.notMatch(page, '<script>')
  t.match(page, '&#34;&#62;&#60;script&#62;')
  t.match(page, /<input name="password" type="password" value=""/)
})

t.test('a failure is told in the reader’s language, above the form', async t => {
  t.match(loginPage('zh', wrong).toString(), /用户名、密码不正确.*<form/s)
  t.match(loginPage('en', wrong).toString(), /wrong.*<form/s)
})

t.test('the recovery codes are shown, the secret of the session is not', async t => {
  const page = setupDonePage('en', done).toString()

  t.match(page, 'abcde-fghij')
  t.notMatch(page, done.sessionToken)
})
