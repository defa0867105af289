import { say } from '../../../model/text.ts'
import type { Language } from '../language.ts'
import { defaultLinkRelation, defaultLinksRelation, type LinkContext } from '../linkset/links-of.ts'
import { html, shown } from '../pages/html.ts'
import { linkButtons } from '../pages/link-buttons.ts'
import type { Page } from '../pages/page.ts'
import type { Words } from '../pages/page-parts.ts'

const nameCharsMax = 100
const levelsBytesMax = 20_000

/** Links for people to choose from: of every level, or those that suit alike. */
export function linksPage(contexts: readonly LinkContext[], language: Language): Page {
  const words: Words = text => text[language]
  const title = shown(contexts[0]?.description ?? '', nameCharsMax)
  const levels = contexts.map(({ anchor, links }) => {
    const shownLinks = links.filter(
      ({ rel }) => ![defaultLinkRelation, defaultLinksRelation].includes(rel),
    )
    const name = decodeURIComponent(new URL(anchor).pathname.slice(1))
    return html`<h2><bdi>${shown(name, nameCharsMax)}</bdi></h2>
${linkButtons(shownLinks.length > 0 ? shownLinks : links, language, levelsBytesMax / contexts.length)}`
  })
  const main = html`<main>
<p class="faint">${words(choose)}</p>
<h1><bdi>${title}</bdi></h1>
${levels}</main>
`
  return { language, title, summary: words(choose), main }
}

const choose = say('请选择链接', 'Choose a link')
