import { Failure, type FieldError, invalid } from '../model/failures.ts'
import type { Identifier, System } from '../model/identifier.ts'
import { say } from '../model/text.ts'
import { isUnder } from './prefix-walk.ts'
import { namesIn, readTarget, readTemplate } from './template.ts'

/** In the order in which they are asked: what names one thing before what describes many. */
export const ruleKinds = ['exact', 'table', 'template', 'prefix'] as const
export type RuleKind = (typeof ruleKinds)[number]

/** How identifiers under a prefix lead to records that do not name them (AII/002 §3, 编码映射). */
export type RuleContent =
  /** One identifier stands for another. */
  | { readonly kind: 'exact'; readonly from: string; readonly to: string }
  | {
      readonly kind: 'table'
      readonly rows: readonly { readonly from: string; readonly to: string }[]
    }
  /** From the normal form of an identifier to a handle: `01/{gtin}/21/{serial}` → `88.118.8/{gtin}/{serial}`. */
  | { readonly kind: 'template'; readonly from: string; readonly to: string }
  /** What stands behind the longest of these prefixes is put behind `to`, which ends where a suffix begins. */
  | { readonly kind: 'prefix'; readonly from: string; readonly to: string }

export interface MappingRule {
  readonly id: string
  readonly system: System
  /** The prefix it belongs to; it leads only to records of whoever holds that. */
  readonly prefix: string
  /** Its place among the templates of its prefix. */
  readonly position: number
  readonly content: RuleContent
}

/** What one prefix may have: all of it is in the memory of every process. */
export const rulesPerPrefixMax = 100
export const tableRowsMax = 1_000

export interface RuleReading {
  readonly system: System
  readonly prefix: string
  /** @throws Failure `IDENTIFIER_MALFORMED` */
  readonly parseIdentifier: (text: string, system?: System) => Identifier
  /** @throws Failure `INPUT_INVALID` at `/prefix` */
  readonly parsePrefix: (system: System, text: string) => string
}

/**
 * Checks a rule as its writer gave it, and puts what it names into normal form.
 * @throws Failure `INPUT_INVALID` with the member that is wrong
 */
export function readRule(content: RuleContent, reading: RuleReading): RuleContent {
  switch (content.kind) {
    case 'exact':
      return { kind: 'exact', ...readPair(content, '', reading) }
    case 'table':
      return { kind: 'table', rows: readRows(content.rows, reading) }
    case 'template':
      return readTemplates(content, reading)
    case 'prefix':
      return {
        kind: 'prefix',
        from: readFrom(content.from, reading),
        to: readStart(content.to, reading),
      }
  }
}

/** The identifiers that a rule names or makes, one of each kind: whoever writes it must hold their prefixes. */
export function targetsOf(content: RuleContent): readonly string[] {
  switch (content.kind) {
    case 'exact':
      return [content.to]
    case 'table':
      return content.rows.map(({ to }) => to)
    case 'template':
    case 'prefix':
      return [`${content.to.slice(0, content.to.indexOf('/'))}/-`]
  }
}

type Pair = { readonly from: string; readonly to: string }

function readRows(rows: readonly Pair[], reading: RuleReading): readonly Pair[] {
  if (rows.length === 0 || rows.length > tableRowsMax) {
    throw invalid(
      '/rows',
      'rule.rows',
      say(`对照表有 1 至 ${tableRowsMax} 行`, `a table has 1 to ${tableRowsMax} rows`),
    )
  }
  return rows.map((row, at) => readPair(row, `/rows/${at}`, reading))
}

function readPair({ from, to }: Pair, at: string, reading: RuleReading): Pair {
  const { system, prefix, parseIdentifier } = reading
  const source = located(`${at}/from`, () => parseIdentifier(from, system))
  const target = located(`${at}/to`, () => parseIdentifier(to))
  if (!isUnder(system, source.authority, prefix)) throw notBelow(`${at}/from`, prefix)
  if (source.key === target.key) {
    throw invalid(
      `${at}/to`,
      'rule.loop',
      say('规则不能指向标识自身', 'a rule does not lead from an identifier to itself'),
    )
  }
  return { from: source.text, to: target.text }
}

function readTemplates(
  { from, to }: Pair,
  reading: RuleReading,
): RuleContent & { kind: 'template' } {
  const source = readTemplate(from, '/from')
  const target = readTarget(readStart(to, reading), '/to', source)
  const lost = namesIn(source).find(name => !namesIn(target).includes(name))
  if (lost !== undefined) {
    // Else everything it could stand for would be one and the same thing.
    throw invalid(
      '/to',
      'template.lost',
      say(`目标模板中缺少 {${lost}}`, `{${lost}} is lost on the way: many would become one`),
    )
  }
  return { kind: 'template', from, to: target.text }
}

function readFrom(text: string, { system, prefix, parsePrefix }: RuleReading): string {
  const from = located('/from', () => parsePrefix(system, text))
  if (!isUnder(system, from, prefix)) throw notBelow('/from', prefix)
  return from
}

/** The beginning of a handle: its whole prefix, a slash, and what all suffixes have in common. */
function readStart(text: string, { parseIdentifier }: RuleReading): string {
  const slash = text.indexOf('/')
  const prefix = text.slice(0, Math.max(slash, 0))
  if (slash === -1 || /[{}]/.test(prefix)) {
    throw invalid(
      '/to',
      'rule.target',
      say(
        '目标须以完整的 Handle 前缀和斜杠开头，如 88.118.8/',
        'the target begins with a whole handle prefix and a slash, such as 88.118.8/',
      ),
    )
  }
  const { authority } = located('/to', () => parseIdentifier(`${prefix}/-`, 'handle'))
  return `${authority}${text.slice(slash)}`
}

function notBelow(pointer: string, prefix: string): Failure {
  return invalid(
    pointer,
    'rule.prefix',
    say(`须在前缀 ${prefix} 之下`, `this does not lie below the prefix ${prefix}`),
  )
}

/** What a parser refuses, told where the writer put it. */
function located<Read>(pointer: string, read: () => Read): Read {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const errors: FieldError[] = error.errors.map(({ rule, detail }) => ({ pointer, rule, detail }))
    throw new Failure('INPUT_INVALID', error.detail, { errors, cause: error })
  }
}
