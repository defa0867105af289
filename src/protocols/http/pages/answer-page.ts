import { printCode } from '../../../model/code.ts'
import type { Identifier } from '../../../model/identifier.ts'
import { type Link, linkType, readLink } from '../../../model/link.ts'
import type { Subject } from '../../../model/subject.ts'
import { say } from '../../../model/text.ts'
import { aliasTypes, type Value } from '../../../model/value.ts'
import type { Answer, Referral } from '../../../resolver/parts.ts'
import type { Language } from '../language.ts'
import { batchAndSerial } from './batch-and-serial.ts'
import { html, type Markup, shown, within } from './html.ts'
import { linkButtons } from './link-buttons.ts'
import { pageLink, webLink } from './links.ts'
import type { Page } from './page.ts'
import { fact, instant, notice, standing, tick, type Words } from './page-parts.ts'
import { valueName } from './value-names.ts'

/** An answer and what a page tells beside it. */
export interface Scanned {
  readonly answer: Answer
  /** The identifier that the label named, which may be another name of what was found. */
  readonly asked: Identifier
  /** The owner: of a code the subject itself, of a product its maker. */
  readonly owner: Subject | undefined
  /** Why the owner's code is not in force, where that was said. */
  readonly reason: string | undefined
  /** The owner's code was made with a published key: anybody could have. */
  readonly isDemo: boolean
  /** Reads identifiers that stand in records; undefined for what is none. */
  readonly read: (text: string) => Identifier | undefined
  readonly language: Language
}

/** Bounds of what one page shows, so that the whole stays within `pageBytesMax`. */
const nameCharsMax = 100
const textCharsMax = 300
const valuesBytesMax = 8_000
const othersBytesMax = 3_000
const linksBytesMax = 5_000

/** The page of an identifier that was answered: first who and in what standing, then the rest. */
export function answerPage(scanned: Scanned): Page {
  const { answer, language, asked } = scanned
  const words: Words = text => text[language]
  const title = titleOf(scanned, words)
  const kind = words(kindName(answer.kind))
  const links = answer.values.flatMap(value => linkIn(value) ?? [])
  const main = html`<main>
<p class="faint">${kind}</p>
<h1><bdi>${title}</bdi></h1>
${standingOf(scanned, words)}<p class="faint">${words(dataDate)} ${instant(answer.asOf, words)}</p>
${noticesOf(scanned, words)}${linkButtons(links, language, linksBytesMax)}<dl>
${factsOf(scanned, words)}</dl>
${prefixesOf(answer, words)}${otherNamesOf(answer, words)}</main>
<footer><p>${words(footer)}</p></footer>`
  return { language, title, summary: `${kind} ${asked.text}`, main }
}

const kindNames = {
  subject: say('企信码（企业信息码）', 'Enterprise code'),
  product: say('产品', 'Product'),
  equipment: say('设备', 'Equipment'),
  prefix: say('标识前缀', 'Identifier prefix'),
  other: say('标识', 'Identifier'),
} as const

function kindName(kind: string) {
  return kindNames[kind as keyof typeof kindNames] ?? kindNames.other
}

const dataDate = say('数据时间', 'Data as of')
const footer = say(
  '标识解析节点生成的公开信息。本页不使用 Cookie。',
  'Public information from an identifier resolution node. This page uses no cookies.',
)

function titleOf({ answer, owner, asked }: Scanned, words: Words): string {
  const name = answer.kind === 'subject' ? owner?.name : textOf(answer.values, 'NAME')
  const title = shown(name ?? '', nameCharsMax)
  if (title !== '') return title
  if (answer.kind === 'prefix') return `${words(kindNames.prefix)} ${asked.authority}`
  return shown(answer.identifier, nameCharsMax)
}

/** The one line that a guard or a buyer looks for; of a thing, it is about the owner. */
function standingOf({ answer, owner, isDemo }: Scanned, words: Words): Markup {
  const isSubject = answer.kind === 'subject'
  if (owner === undefined) {
    return standing('warning', words(say('没有已登记的主体', 'It has no registered owner')))
  }
  const { own, owners } = standings[owner.status]
  const text = words(isSubject ? own : owners)
  switch (owner.status) {
    case 'active':
      return isDemo ? standing('warning', words(demo)) : standing('good', text, tick)
    case 'suspended':
      return standing('warning', text)
    case 'revoked':
      return standing('bad', text)
  }
}

const standings = {
  active: {
    own: say('有效，已由本节点核验', 'In force, verified by this node'),
    owners: say('所属主体的企信码有效，已核验', "The owner's code is in force, verified"),
  },
  suspended: {
    own: say('已暂停', 'Suspended'),
    owners: say('所属主体的企信码已暂停', "The owner's code is suspended"),
  },
  revoked: {
    own: say('已撤销', 'Revoked'),
    owners: say('所属主体的企信码已撤销', "The owner's code is revoked"),
  },
} as const

const demo = say('演示（demo）数据，不代表真实企业', 'demo data: no real enterprise')

function noticesOf(scanned: Scanned, words: Words): readonly Markup[] {
  const { answer, owner, reason, isDemo, read } = scanned
  const notices: Markup[] = []
  if (isDemo && owner?.status !== 'active') notices.push(notice('warning', html`${words(demo)}`))
  if (reason !== undefined) {
    const why = words(say('原因：', 'Reason: '))
    notices.push(notice('warning', html`${why}<bdi>${shown(reason, textCharsMax)}</bdi>`))
  }
  const successor = answer.successor ?? owner?.successor
  if (successor) notices.push(successorNotice(successor, read, words))
  if (answer.stale === true) notices.push(notice('warning', html`${words(stale)}`))
  if (answer.referral !== null) notices.push(referralNotice(answer.referral, words))
  return notices
}

/** Who or what takes over, as a link where it is an identifier. */
export function successorNotice(successor: string, read: Scanned['read'], words: Words): Markup {
  const text = shown(successor, textCharsMax)
  const identifier = read(successor)
  const named = identifier === undefined ? html`<bdi>${text}</bdi>` : pageLink(identifier, text)
  return notice('warning', html`${words(say('接替者：', 'Succeeded by: '))}${named}`)
}

const stale = say(
  '存储暂不可用，所示可能不是最新数据。',
  'The record store is away; this may not be the latest.',
)

/** Sites of one referral that are shown. */
const sitesMax = 4

function referralNotice({ sites }: Referral, words: Words): Markup {
  const addresses = sites.slice(0, sitesMax).map(({ address, url }) => {
    const link = url === undefined ? undefined : webLink(url)
    return html` ${link ?? html`<bdi>${shown(address, nameCharsMax)}</bdi>`}`
  })
  return notice('warning', html`${words(elsewhere)}${addresses}`)
}

const elsewhere = say('此标识由另一节点答复：', 'Another node answers for this identifier:')

function factsOf(scanned: Scanned, words: Words): readonly Markup[] {
  const { answer, owner } = scanned
  return answer.kind === 'subject' && owner !== undefined
    ? subjectFacts(answer, owner, words)
    : thingFacts(scanned, words)
}

function subjectFacts(answer: Answer, owner: Subject, words: Words): readonly Markup[] {
  const symbols = owner.code.slice(owner.code.indexOf('/') + 1)
  return [
    fact(words(kindNames.subject), html`<span class="code">${printCode(symbols)}</span>`),
    fact(words(say('标识', 'Identifier')), answer.identifier),
    fact(words(say('行政区划（GB/T 2260）', 'Region (GB/T 2260)')), owner.region),
    fact(words(say('行业（GB/T 4754）', 'Industry (GB/T 4754)')), owner.industry),
    changed(answer, words),
    ...valueFacts(answer, subjectOwnTypes, words),
  ]
}

function linkIn({ type, data }: Value): Link | undefined {
  const isLink = type.toUpperCase() === linkType && data.format === 'string'
  return isLink ? readLink(data.value) : undefined
}

/** Values of a code's record that the page says in its own words. */
const subjectOwnTypes: ReadonlySet<string> = new Set([
  'URL',
  'NAME',
  'STATUS',
  'PREFIX',
  ...aliasTypes,
])

function thingFacts(scanned: Scanned, words: Words): readonly Markup[] {
  const { answer, owner, asked, isDemo } = scanned
  const { batch, serial } = batchAndSerial([
    asked,
    { system: answer.system, text: answer.identifier },
    ...answer.sameAs.map(({ system, identifier }) => ({ system, text: identifier })),
  ])
  const isOtherName = asked.text !== answer.identifier
  return [
    fact(words(say('标识', 'Identifier')), shown(answer.identifier, textCharsMax)),
    isOtherName
      ? fact(words(say('扫描所得', 'As scanned')), shown(asked.text, textCharsMax))
      : html``,
    fact(
      words(say('批次', 'Batch')),
      shown(batch ?? textOf(answer.values, 'BATCH') ?? '', nameCharsMax),
    ),
    fact(
      words(say('序列号', 'Serial number')),
      shown(serial ?? textOf(answer.values, 'SERIAL') ?? '', nameCharsMax),
    ),
    owner === undefined ? html`` : fact(ownerWord(answer.kind, words), ownerLink(owner, isDemo)),
    changed(answer, words),
    ...valueFacts(answer, thingOwnTypes, words),
  ]
}

/** Values of a thing's record that have a place of their own; of its other names only those that lead to it are told. */
const thingOwnTypes: ReadonlySet<string> = new Set(['NAME', 'BATCH', 'SERIAL', ...aliasTypes])

function ownerWord(kind: string, words: Words): string {
  return words(kind === 'product' ? say('生产者', 'Maker') : say('所属主体', 'Owner'))
}

function ownerLink({ code, name }: Subject, isDemo: boolean): Markup {
  const text = shown(name, nameCharsMax)
  return pageLink({ system: 'code', text: code }, isDemo ? `${text} (demo)` : text)
}

/** When what is shown was last written. */
function changed({ values }: Answer, words: Words): Markup {
  const newest = values.reduce(
    (latest, { timestamp }) => (timestamp > latest ? timestamp : latest),
    '',
  )
  if (newest === '') return html``
  return fact(words(say('最近更新', 'Last changed')), instant(newest, words))
}

function valueFacts({ values, withheld = [] }: Answer, own: ReadonlySet<string>, words: Words) {
  const facts = values.filter(value => !own.has(value.type) && linkIn(value) === undefined)
  const texts = facts.flatMap(({ type, data }) =>
    data.format === 'string' ? [{ type, text: data.value }] : [],
  )
  const lines = texts.map(({ type, text }) => {
    const name = valueName(type)
    const line = html`<bdi>${shown(text, textCharsMax)}</bdi>`
    return fact(name === undefined ? shown(type, nameCharsMax) : words(name), webLink(text) ?? line)
  })
  const fitting = within(lines, valuesBytesMax)
  const left = lines.length - fitting.length + withheld.length
  return left === 0 ? fitting : [...fitting, fact(words(say('未显示', 'Not shown')), String(left))]
}

function textOf(values: readonly Value[], type: string): string | undefined {
  const data = values.find(value => value.type === type)?.data
  return data?.format === 'string' ? data.value : undefined
}

function prefixesOf({ kind, prefixes, morePrefixes }: Answer, words: Words): Markup {
  if (kind !== 'subject' || prefixes.length === 0) return html``
  const items = prefixes.map(({ system, prefix, for: uses }) => {
    const forWhat = uses.map(use => words(kindName(use))).join(' · ')
    return html`<li>${system} <bdi>${shown(prefix, nameCharsMax)}</bdi> <span class="faint">${forWhat}</span></li>\n`
  })
  return list(say('标识前缀', 'Identifier prefixes'), items, morePrefixes === true, words)
}

function otherNamesOf({ sameAs }: Answer, words: Words): Markup {
  if (sameAs.length === 0) return html``
  const items = sameAs.map(
    ({ system, identifier }) =>
      html`<li>${system} <bdi>${shown(identifier, textCharsMax)}</bdi></li>\n`,
  )
  return list(say('又名', 'Also known as'), items, false, words)
}

function list(
  name: Parameters<Words>[0],
  items: readonly Markup[],
  hasMore: boolean,
  words: Words,
): Markup {
  const fitting = within(items, othersBytesMax)
  const more = hasMore || fitting.length < items.length ? html`<li>…</li>` : undefined
  return html`<section><h2>${words(name)}</h2><ul>
${fitting}${more}</ul></section>\n`
}
