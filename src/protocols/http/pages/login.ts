import type { Failure } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import type { SessionView } from '../../../registry/people/sessions.ts'
import type { Language } from '../language.ts'
import type { WireFailure } from '../problem.ts'
import { complaint, field, roleNames, writeFormPage } from './form-page.ts'
import { html, type Markup } from './html.ts'
import { fact, instant, type Words } from './page-parts.ts'

/** Where people log in. What was typed wrong is not said, and the password never comes back. */
export function loginPage(language: Language, failure?: Failure | WireFailure): Buffer {
  const words: Words = text => text[language]
  const title = words(logIn)
  const main = html`<h1>${title}</h1>
${complaint(failure, words)}<form method="post" action="/v1/sessions">
${field({ name: 'username', label: words(username), autocomplete: 'username', maxLength: 64 })}${proofFields(words)}<button>${title}</button>
</form>
`
  return writeFormPage({ language, title, main })
}

/** What is asked of whoever proves who they are. */
function proofFields(words: Words): Markup {
  return html`${field({
    name: 'password',
    label: words(password),
    type: 'password',
    autocomplete: 'current-password',
    maxLength: 256,
  })}${field({
    name: 'code',
    label: words(code),
    help: words(whichCode),
    autocomplete: 'one-time-code',
    maxLength: 32,
    isOptional: true,
  })}`
}

/**
 * Who one is, the way to another password, and the way out. Password managers want to know whose password it is; the node does.
 * @param code of the subject one acts for
 * @param failure of the proof that was just sent
 */
export function signedInPage(
  language: Language,
  { account, endsAt }: SessionView,
  { code, failure }: { readonly code?: string | undefined; readonly failure?: Failure | undefined },
): Buffer {
  const words: Words = text => text[language]
  const title = words(signedIn)
  const main = html`<h1>${title}</h1>
<dl>
${fact(words(username), html`<bdi>${account.username}</bdi>`)}${fact(words(role), words(roleNames[account.role]))}${fact(words(subject), code)}${fact(words(ends), instant(endsAt.toISOString(), words))}</dl>
<form method="post" action="/console/logout"><button>${words(logOut)}</button></form>
<h2>${words(anew)}</h2>
<p class="faint">${words(howAnew)}</p>
${complaint(failure, words)}<form method="post" action="/v1/sessions/current/setup-link">
<input type="text" value="${account.username}" autocomplete="username" hidden>
${proofFields(words)}<button>${words(goOn)}</button>
</form>
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
const anew = say('更换密码、验证器与恢复码', 'Another password, authenticator and recovery codes')
const howAnew = say(
  '请先再次证明身份。完成下一页之前一切不变；完成之后，其他地方的登录立即结束。',
  'Prove once more who you are. Nothing changes before the next page is done; then all other logins end.',
)
const goOn = say('下一步', 'Go on')
const code = say('验证码', 'Code')
const whichCode = say(
  '审核员、运维方和政府部门：验证器应用的六位数字，或一个恢复码',
  'Reviewers, operators and government: six digits of the authenticator app, or a recovery code',
)
