import type { Failure } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import type { SetupDone, SetupOffer } from '../../../registry/people/setup.ts'
import type { Language } from '../language.ts'
import type { People } from '../parts.ts'
import type { WireFailure } from '../problem.ts'
import { complaint, field, roleNames, writeFormPage } from './form-page.ts'
import { html, type Markup } from './html.ts'
import { password, role, username } from './login.ts'
import { fact, instant, notice, type Words } from './page-parts.ts'

/** What a setup link opens: the secret of the link goes from the address into a field, or is pasted there. */
export function setupStartPage(language: Language, failure?: Failure | WireFailure): Buffer {
  const words: Words = text => text[language]
  const title = words(setUp)
  const main = html`<h1>${title}</h1>
${complaint(failure, words)}<form method="post" action="/setup">
${field({
  name: 'token',
  label: words(secretOfLink),
  help: words(whereItIs),
  autocomplete: 'off',
  maxLength: 64,
})}<button>${words(goOn)}</button>
</form>
`
  return writeFormPage({ language, title, main, takesFragment: true })
}

export interface SetupForm {
  readonly token: string
  readonly offer: SetupOffer
  /** As `People.showTotp` shows it; undefined where the role needs no second factor. */
  readonly totp: ReturnType<People['showTotp']> | undefined
  /** What was sent before, and refused. */
  readonly username?: string | undefined
  readonly failure?: Failure
}

/** Choosing a password, and taking the second factor into an app. */
export function setupFormPage(language: Language, form: SetupForm): Buffer {
  const { token, offer, totp, failure } = form
  const words: Words = text => text[language]
  const title = words(setUp)
  const main = html`<h1>${title}</h1>
${complaint(failure, words)}<dl>
${fact(words(role), words(roleNames[offer.role]))}${fact(words(goodUntil), instant(offer.until.toISOString(), words))}</dl>
<form method="post" action="/setup">
<input type="hidden" name="token" value="${token}">
${usernameField(form, words)}${field({
  name: 'password',
  label: words(password),
  help: words(howLong),
  type: 'password',
  autocomplete: 'new-password',
  maxLength: 256,
})}${field({
  name: 'again',
  label: words(passwordAgain),
  type: 'password',
  autocomplete: 'new-password',
  maxLength: 256,
})}${totp === undefined ? html`` : totpFields(totp, words)}<button>${words(finish)}</button>
</form>
`
  return writeFormPage({ language, title, main })
}

/** One that is given is shown, so that a password manager keeps it with the password; what comes back is not read. */
function usernameField({ offer, username: sent = '' }: SetupForm, words: Words): Markup {
  const common = { label: words(username), autocomplete: 'username', maxLength: 64 }
  if (offer.username === null) return field({ ...common, name: 'username', value: sent })
  return html`<label>${common.label}<input value="${offer.username}" autocomplete="username" readonly></label>\n`
}

function totpFields(
  { secret, path, across }: ReturnType<People['showTotp']>,
  words: Words,
): Markup {
  const groups = secret.match(/.{1,4}/g)?.join(' ') ?? ''
  return html`<h2>${words(secondFactor)}</h2>
<p>${words(howToEnrol)}</p>
<svg class="symbol" role="img" viewBox="0 0 ${across} ${across}"><title>${words(symbolTitle)}</title><rect width="${across}" height="${across}" fill="#fff"/><path shape-rendering="crispEdges" d="${path}"/></svg>
<p class="faint">${words(orTypeIn)}<br><code>${groups}</code></p>
${field({ name: 'code', label: words(codeOfApp), autocomplete: 'one-time-code', maxLength: 16 })}`
}

/** The only time the recovery codes are shown. */
export function setupDonePage(
  language: Language,
  { username: name, recoveryCodes }: SetupDone,
): Buffer {
  const words: Words = text => text[language]
  const title = words(done)
  const codes = recoveryCodes.map(code => html`<li><code>${code}</code></li>\n`)
  const main = html`<h1>${title}</h1>
<dl>
${fact(words(username), html`<bdi>${name}</bdi>`)}</dl>
${codes.length === 0 ? html`` : html`<h2>${words(recovery)}</h2>\n${notice('warning', html`${words(keepThem)}`)}<ul class="codes">\n${codes}</ul>\n`}<p><a class="next" href="/console">${words(goOn)}</a></p>
`
  return writeFormPage({ language, title, main })
}

const setUp = say('设置账户', 'Set up your account')
const secretOfLink = say('设置链接的密钥', 'Secret of the setup link')
const whereItIs = say(
  '链接中 # 之后的部分，以 qxs_ 开头',
  'What follows the # of the link; it begins with qxs_',
)
const goOn = say('继续', 'Go on')
const finish = say('完成设置', 'Finish')
const goodUntil = say('链接有效至', 'The link is good until')
const passwordAgain = say('再次输入密码', 'The password again')
const howLong = say('至少 12 个字符，可以是一句话', 'At least 12 characters; a sentence will do')
const secondFactor = say('第二因素', 'Second factor')
const howToEnrol = say(
  '用验证器应用（TOTP）扫描此码，再输入应用显示的六位数字。',
  'Scan this with an authenticator app (TOTP), then enter the six digits that the app shows.',
)
const symbolTitle = say('验证器应用的二维码', 'QR symbol for the authenticator app')
const orTypeIn = say('或手工输入：', 'Or type it in:')
const codeOfApp = say('六位验证码', 'Six digits')
const done = say('设置完成', 'Your account is set up')
const recovery = say('恢复码', 'Recovery codes')
const keepThem = say(
  '请打印或抄下并妥善保存：手机丢失时，每个恢复码可代替验证码使用一次。此处是唯一一次显示。',
  'Print them or write them down: should you lose the phone, each stands in for a code once. They are shown here and never again.',
)
