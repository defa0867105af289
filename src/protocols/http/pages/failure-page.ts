import { printCode } from '../../../model/code.ts'
import { Failure, type FailureCode } from '../../../model/failures.ts'
import type { Identifier } from '../../../model/identifier.ts'
import { say, type Text } from '../../../model/text.ts'
import type { Language } from '../language.ts'
import { type ProblemCode, statusOf, type WireFailure } from '../problem.ts'
import { successorNotice } from './answer-page.ts'
import { html, type Markup, shown } from './html.ts'
import { pagePath } from './links.ts'
import { mendLength } from './mend-length.ts'
import type { Page } from './page.ts'
import { notice, standing, type Words } from './page-parts.ts'

/** A scan that was not answered, and what a page needs to help with it. */
export interface Failed {
  readonly failure: Failure | WireFailure
  /** The identifier as it was scanned or typed; `''` where none could be read. */
  readonly asked: string
  readonly codePrefix: string
  /** Reads identifiers that stand in facts; undefined for what is none. */
  readonly read: (text: string) => Identifier | undefined
  readonly retryAfterSeconds: number | undefined
  readonly language: Language
}

const textCharsMax = 300

/** A page for each way in which a scan can lead nowhere: what happened, and what to do now. */
export function failurePage(failed: Failed): Page {
  const { asked, language, failure } = failed
  const words: Words = text => text[language]
  const { title, tone, help } = storyOf(failed)
  const text = shown(asked, textCharsMax)
  const main = html`<main>
<p class="faint">${statusOf(failure.code)}</p>
<h1>${words(title)}</h1>
${text === '' ? undefined : standing(tone, text)}${help(words)}</main>
<footer><p>${failure.code}</p></footer>`
  return { language, title: words(title), summary: text, main }
}

interface Story {
  readonly title: Text
  readonly tone: 'warning' | 'bad'
  readonly help: (words: Words) => Markup | readonly Markup[]
}

function storyOf(failed: Failed): Story {
  const { failure } = failed
  const story = stories[failure.code as FailureCode]
  return story === undefined ? otherwise(failed) : story(failed)
}

type Stories = { readonly [Code in ProblemCode]?: (failed: Failed) => Story }

/** What happens to scans; everything else is told in its failure's own words. */
const stories: Stories = {
  IDENTIFIER_MALFORMED: mistyped,
  IDENTIFIER_UNKNOWN: unknown,
  PREFIX_UNKNOWN: ({ failure }) => ({
    title: say('未知前缀', 'Unknown prefix'),
    tone: 'warning',
    help: paragraphs(
      failure.detail,
      say(
        '此标识可能属于另一套体系，或前缀抄写有误。',
        'The identifier may belong to another system, or its prefix be miscopied.',
      ),
      compareWithLabel,
    ),
  }),
  IDENTIFIER_GONE: gone,
  TOO_MANY: later(
    say('请求过于频繁', 'Too many requests'),
    say('此网络地址的查询过于频繁。', 'There were too many questions from this network address.'),
  ),
  STORE_AWAY: later(
    say('暂时无法查询', 'Not available just now'),
    say(
      '节点的存储暂不可用；这并不说明此标识无效。',
      "The node's record store is away. This says nothing against the identifier.",
    ),
  ),
  UPSTREAM_AWAY: later(
    say('暂时无法查询', 'Not available just now'),
    say(
      '负责此标识的节点暂不可用；这并不说明此标识无效。',
      'The node that answers for it is away. This says nothing against the identifier.',
    ),
  ),
  OVERLOADED: later(
    say('节点繁忙', 'The node is busy'),
    say('这并不说明此标识无效。', 'This says nothing against the identifier.'),
  ),
}

const compareWithLabel = say(
  '请与标签逐字核对，或重新扫描。',
  'Compare it with the label symbol by symbol, or scan again.',
)

function paragraphs(...texts: readonly Text[]): Story['help'] {
  return words => texts.map(text => html`<p>${words(text)}</p>\n`)
}

function mistyped({ failure, read }: Failed): Story {
  const suggestions = failure.facts['suggestions']
  const codes = Array.isArray(suggestions)
    ? suggestions.flatMap(suggestion => read(String(suggestion)) ?? [])
    : []
  return {
    title: say('标识写法有误', 'This identifier is mistyped'),
    tone: 'warning',
    help: words => [
      html`<p>${words(failure.detail)}</p>\n`,
      ...mended(failure.facts['canonical'], read),
      ...suggested(codes, words),
      ...[paragraphs(compareWithLabel)(words)].flat(),
    ],
  }
}

/** The identifier as it should have been written. */
function mended(canonical: unknown, read: Failed['read']): readonly Markup[] {
  const identifier = typeof canonical === 'string' ? read(canonical) : undefined
  if (identifier === undefined) return []
  const text = shown(identifier.text, textCharsMax)
  return [html`<p><a class="next" href="${pagePath(identifier)}"><bdi>${text}</bdi></a></p>\n`]
}

/** The likeliest first, and large. */
function suggested(codes: readonly Identifier[], words: Words): readonly Markup[] {
  const [first, ...others] = codes
  if (first === undefined) return []
  const links = others.map(code => html` <a href="${pagePath(code)}">${printed(code)}</a>`)
  return [
    html`<p>${words(say('您要找的可能是：', 'You may be looking for:'))}</p>\n`,
    html`<p><a class="next" href="${pagePath(first)}">${printed(first)}</a></p>\n`,
    others.length === 0 ? html`` : html`<p>${words(say('或：', 'Or:'))}${links}</p>\n`,
  ]
}

function printed({ text }: Identifier): string {
  return printCode(text.slice(text.indexOf('/') + 1))
}

function unknown(failed: Failed): Story {
  const { asked, read, codePrefix } = failed
  const identifier = read(asked)
  if (identifier?.system === 'code') return unknownCode
  const start = `${codePrefix}/`
  const mended = asked.startsWith(start) ? mendLength(asked.slice(start.length)) : []
  const codes = mended.flatMap(code => read(`${start}${code}`) ?? [])
  return {
    title: say('没有此标识', 'No such identifier'),
    tone: 'warning',
    help: words => [
      html`<p>${words(notRegistered)}</p>\n`,
      asked.startsWith(start) ? html`<p>${words(lengthOfCodes)}</p>\n` : html``,
      ...suggested(codes, words),
      html`<p>${words(compareWithLabel)}</p>\n`,
    ],
  }
}

const notRegistered = say(
  '前缀由本节点负责，但没有登记此标识。',
  'Its prefix is ours, and nothing is registered under this identifier.',
)

const lengthOfCodes = say('企信码有 14 个字符。', 'An enterprise code has 14 symbols.')

/** The same words for a forged code and for one that was never issued: which of them it is helps nobody but a guesser. */
const unknownCode: Story = {
  title: say('未签发的企信码', 'This code was never issued'),
  tone: 'bad',
  help: paragraphs(
    say(
      '书写无误（校验位正确），但本节点从未签发此码。请勿据此信任任何企业。',
      'It is well spelt (its check symbol is right), but this node never issued it. Trust nobody on its strength.',
    ),
    say(
      '写错一个字符、或两个字符互换，校验位必能发现；多处写错才会至此。常被混淆的字符：0 与 D、8 与 B、1 与 7、5 与 6、U 与 W。',
      'One wrong symbol, or two swapped, the check symbol would have found; this takes several. Often confused: 0 and D, 8 and B, 1 and 7, 5 and 6, U and W.',
    ),
    say(
      '若标签印刷清晰，此标签可能是伪造的：请告知出示标签的一方及其监管部门。',
      'If the label is clearly printed, it may be counterfeit: tell whoever showed it to you, and their authority.',
    ),
  ),
}

function gone({ failure, read }: Failed): Story {
  const { reason, successor } = failure.facts
  return {
    title: say('标识已注销', 'This identifier was withdrawn'),
    tone: 'bad',
    help: words => [
      typeof reason === 'string'
        ? notice(
            'warning',
            html`${words(say('原因：', 'Reason: '))}<bdi>${shown(reason, textCharsMax)}</bdi>`,
          )
        : html``,
      typeof successor === 'string' ? successorNotice(successor, read, words) : html``,
      html`<p>${words(
        say('它曾经登记，现在不再有效。', 'It was registered once and is not in force any more.'),
      )}</p>\n`,
    ],
  }
}

/** What mends itself. */
function later(title: Text, what: Text): (failed: Failed) => Story {
  return ({ retryAfterSeconds = 1 }) => ({
    title,
    tone: 'warning',
    help: words => [
      html`<p>${words(what)}</p>\n`,
      html`<p>${words(
        say(`请在 ${retryAfterSeconds} 秒后重试。`, `Try again in ${retryAfterSeconds} s.`),
      )}</p>\n`,
      html`<p><a class="next" href="">${words(say('重试', 'Try again'))}</a></p>\n`,
    ],
  })
}

function otherwise({ failure }: Failed): Story {
  return {
    title: say('无法显示此页', 'This page cannot be shown'),
    tone: 'warning',
    help: words => [
      html`<p>${words(failure.detail)}</p>\n`,
      ...(failure instanceof Failure
        ? failure.errors.slice(0, errorsMax).map(({ detail }) => html`<p>${words(detail)}</p>\n`)
        : []),
    ],
  }
}

/** Broken rules that are told; a path has hardly more than one. */
const errorsMax = 5
