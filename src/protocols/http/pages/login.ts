import type { Failure } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import type { SessionView } from '../../../registry/people/sessions.ts'
import type { Language } from '../language.ts'
import type { WireFailure } from '../problem.ts'
import { complaint, field, roleNames, writeFormPage } from './form-page.ts'
import { html } from './html.ts'
import { fact, instant, type Words } from './page-parts.ts'

/** Where people log in. What was typed wrong is not said, and the password never comes back. */
export function loginPage(language: Language, failure?: Failure | WireFailure): Buffer {
  const words: Words = text => text[language]
  const title = words(logIn)
  const main = html`<h1>${title}</h1>
${complaint(failure, words)}<form method="post" action="/v1/sessions">
${field({ name: 'username', label: words(username), autocomplete: 'username', maxLength: 64 })}${field(
  {
    name: 'password',
    label: words(password),
    type: 'password',
    autocomplete: 'current-password',
    maxLength: 256,
  },
)}${field({
  name: 'code',
  label: words(code),
  help: words(whichCode),
  autocomplete: 'one-time-code',
  maxLength: 32,
  isOptional: true,
})}<button>${title}</button>
</form>
`
  return writeFormPage({ language, title, main })
}

/** Who one is, and the way out. */
export function signedInPage(
  language: Language,
  { account, endsAt }: SessionView,
  code: string | undefined,
): Buffer {
  const words: Words = text => text[language]
  const title = words(signedIn)
  const main = html`<h1>${title}</h1>
<dl>
${fact(words(username), html`<bdi>${account.username}</bdi>`)}${fact(words(role), words(roleNames[account.role]))}${fact(words(subject), code)}${fact(words(ends), instant(endsAt.toISOString(), words))}</dl>
<form method="post" action="/console/logout"><button>${words(logOut)}</button></form>
`
  return writeFormPage({ language, title, main })
}

export const username = say('用户名', 'Username')
export const password = say('密码', 'Password')
const logIn = say('登录', 'Log in')
const logOut = say('退出登录', 'Log out')
const signedIn = say('已登录', 'You are logged in')
export const role = say('角色', 'Role')
const subject = say('企信码', 'Enterprise code')
const ends = say('无操作则登录至', 'Logged in, without further use, until')
const code = say('验证码', 'Code')
const whichCode = say(
  '审核员、运维方和政府部门：验证器应用的六位数字，或一个恢复码',
  'Reviewers, operators and government: six digits of the authenticator app, or a recovery code',
)
