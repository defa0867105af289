import { gs1Vocabulary, type Link } from '../../../model/link.ts'
import { say, type Text } from '../../../model/text.ts'
import type { Language } from '../language.ts'
import { relationName } from '../linkset/links-of.ts'
import { html, type Markup, shown, within } from './html.ts'

const titleCharsMax = 60

/** What the relations are called that many products have; a link's own title says it better. */
const relationNames: ReadonlyMap<string, Text> = new Map([
  [`${gs1Vocabulary}pip`, say('产品信息', 'Product information')],
  [`${gs1Vocabulary}certificationInfo`, say('认证证书', 'Certificates')],
  [`${gs1Vocabulary}instructions`, say('使用说明', 'Instructions')],
  [`${gs1Vocabulary}quickStartGuide`, say('快速入门', 'Quick start guide')],
  [`${gs1Vocabulary}safetyInfo`, say('安全信息', 'Safety information')],
  [`${gs1Vocabulary}sustainabilityInfo`, say('可持续性信息', 'Sustainability')],
  [`${gs1Vocabulary}traceability`, say('追溯信息', 'Traceability')],
  [`${gs1Vocabulary}recallStatus`, say('召回状态', 'Recall status')],
  [`${gs1Vocabulary}serviceInfo`, say('售后服务', 'Service')],
  ['describedby', say('详细信息', 'More information')],
])

/** Links as buttons, as many as fit; those in the reader's language first. */
export function linkButtons(links: readonly Link[], language: Language, bytesMax: number): Markup {
  const isOwn = ({ hreflang }: Link) => hreflang?.some(tag => tag.startsWith(language)) ?? true
  const ordered = [...links.filter(isOwn), ...links.filter(link => !isOwn(link))]
  const buttons = ordered.map(link => linkButton(link, language))
  const fitting = within(buttons, bytesMax)
  return html`${fitting}${fitting.length < buttons.length ? html`<p>…</p>\n` : undefined}`
}

function linkButton({ rel, href, title, hreflang = [] }: Link, language: Language): Markup {
  const known = relationNames.get(rel)?.[language]
  const own = title === relationName(rel) ? undefined : title
  const name = shown(own ?? known ?? relationName(rel), titleCharsMax)
  const languages =
    hreflang.length === 0 ? undefined : html` <span class="faint">${hreflang.join(' ')}</span>`
  return html`<p><a class="next" href="${href}" rel="noopener nofollow"><bdi>${name}</bdi></a>${languages}</p>\n`
}
