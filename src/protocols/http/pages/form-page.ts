import type { Failure } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import type { Language } from '../language.ts'
import type { WireFailure } from '../problem.ts'
import { html, Markup } from './html.ts'
import { type Page, pageHeaders, pageStyleSource, sourceHash, writePage } from './page.ts'
import { notice, type Words } from './page-parts.ts'

/** Pages on which people type: the frame of every page, fields, and at most the one script below. */

const formStyle = `label{display:block;margin-top:.9rem;font-weight:600}
label span{display:block;font-weight:400}
input{display:block;width:100%;margin-top:.25rem;padding:.6rem .7rem;border:1px solid var(--faint);border-radius:.5rem;background:var(--ground);color:var(--ink);font:inherit}
button{margin-top:1.2rem;padding:.65rem 1.2rem;border:0;border-radius:.5rem;background:var(--link);color:var(--ground);font:inherit;font-weight:600}
.symbol{display:block;width:100%;max-width:15rem;margin:.6rem 0}
[hidden]{display:none}
.codes{columns:2;list-style:none;padding:0}
`

/** Takes the secret of a setup link out of the address: without it, one pastes it. */
const setupScript = `const t=location.hash.slice(1);if(t){document.querySelector('[name=token]').value=t;history.replaceState(null,'',location.pathname)}`

export interface FormPage extends Pick<Page, 'language' | 'title' | 'main'> {
  readonly takesFragment?: boolean
}

export function writeFormPage({ language, title, main, takesFragment = false }: FormPage): Buffer {
  return writePage({
    language,
    title,
    summary: title,
    main: takesFragment ? html`${main}<script>${new Markup(setupScript)}</script>\n` : main,
    head: html`<style>${new Markup(formStyle)}</style>`,
  })
}

/**
 * As every page's, and what forms need: they go to us only, and say where they come from, which is how we know our own
 * from a stranger's.
 */
export function formPageHeaders(language: Language): Readonly<Record<string, string>> {
  return {
    ...pageHeaders(language),
    'Content-Security-Policy': [
      "default-src 'none'",
      `style-src ${pageStyleSource} '${sourceHash(formStyle)}'`,
      `script-src '${sourceHash(setupScript)}'`,
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ].join('; '),
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  }
}

/** What was wrong with what was sent, before the form that is to be sent again. */
export function complaint(failure: Failure | WireFailure | undefined, words: Words): Markup {
  if (failure === undefined) return html``
  const errors = 'errors' in failure ? failure.errors : []
  const details = errors.length === 0 ? [failure.detail] : errors.map(({ detail }) => detail)
  return notice('bad', html`${details.map(detail => html`${words(detail)}<br>`)}`)
}

export interface Field {
  readonly name: string
  readonly label: Markup | string
  readonly type?: 'text' | 'password'
  readonly autocomplete: string
  readonly value?: string
  readonly maxLength: number
  readonly isOptional?: boolean
  readonly help?: string
}

export function field(of: Field): Markup {
  const { name, label, type = 'text', autocomplete, value = '', maxLength } = of
  const required = of.isOptional === true ? html`` : html` required`
  const help = of.help === undefined ? html`` : html`<span class="faint">${of.help}</span>`
  return html`<label>${label}${help}<input name="${name}" type="${type}" value="${value}" maxlength="${maxLength}" autocomplete="${autocomplete}" autocapitalize="none" spellcheck="false"${required}></label>\n`
}

export const roleNames = {
  enterprise: say('企业', 'enterprise'),
  agent: say('代理人', 'agent'),
  employee: say('员工', 'employee'),
  reviewer: say('审核员', 'reviewer'),
  government: say('政府部门', 'government'),
  bank: say('银行', 'bank'),
  operator: say('运维方', 'operator'),
} as const
