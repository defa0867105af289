import { say, type Text } from '../../../model/text.ts'
import { html, type Markup } from './html.ts'

/** Pieces that several pages are made of. */

/** A text in the language of the page. */
export type Words = (text: Text) => string

export type Tone = 'good' | 'warning' | 'bad'

const tickPath = 'M9.5 16.2 5.3 12l-1.4 1.4 5.6 5.6L20.3 8.2l-1.4-1.4z'

/** A mark beside the words, never instead of them. */
export const tick = html`<svg class="tick" viewBox="0 0 24 24" aria-hidden="true" fill="currentColor"><path d="${tickPath}"/></svg>`

export function standing(tone: Tone, text: string, mark?: Markup): Markup {
  return html`<p class="standing ${tone}">${mark}${text}</p>\n`
}

export function notice(tone: Tone, content: Markup): Markup {
  return html`<p class="notice ${tone}">${content}</p>\n`
}

/** A line of a list of facts; nothing where there is nothing to say. */
export function fact(name: string, content: Markup | string | null | undefined): Markup {
  if (content === undefined || content === null || content === '') return html``
  return html`<dt>${name}</dt><dd>${content}</dd>\n`
}

const beijingMs = 8 * 3_600_000

/** An instant as people in China read it, to the minute. */
export function instant(rfc3339: string, words: Words): Markup {
  const there = new Date(Date.parse(rfc3339) + beijingMs).toISOString()
  const shown = `${there.slice(0, 10)} ${there.slice(11, 16)}`
  return html`<time datetime="${rfc3339}">${shown} ${words(beijingTime)}</time>`
}

const beijingTime = say('北京时间', 'Beijing time')
