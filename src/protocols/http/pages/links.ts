import type { Identifier } from '../../../model/identifier.ts'
import { html, type Markup, shown } from './html.ts'

/** Longer URLs are shown, not linked. */
const urlCharsMax = 1_000
const urlCharsShown = 120

/** Where an identifier's page is on this node. */
export function pagePath({ system, text }: { readonly system: string; readonly text: string }) {
  return system === 'code' ? `/C/${text}` : `/r/${encodeURIComponent(text)}`
}

/** An identifier as a link to its page. */
export function pageLink(identifier: Pick<Identifier, 'system' | 'text'>, text: string): Markup {
  return html`<a href="${pagePath(identifier)}"><bdi>${text}</bdi></a>`
}

/**
 * A text as a link where it is a web address, shown as the address that it leads to. Nothing else becomes a link: not
 * scripts, not data, not an address with a user name that looks like a host.
 */
export function webLink(text: string): Markup | undefined {
  if (text.length > urlCharsMax || !/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    return undefined
  }
  const { href, username, password } = new URL(text)
  if (username !== '' || password !== '') return undefined
  return html`<a href="${href}" rel="noopener nofollow"><bdi>${shown(href, urlCharsShown)}</bdi></a>`
}
