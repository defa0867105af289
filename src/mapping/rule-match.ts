import { Failure } from '../model/failures.ts'
import type { Identifier, System } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import { say, type Text } from '../model/text.ts'
import { isUnder } from './prefix-walk.ts'
import { type MappingRule, type RuleContent, ruleKinds } from './rules.ts'
import { fillTemplate, matchTemplate, readTarget, readTemplate } from './template.ts'

export interface RuleBookParts {
  /** The prefix responsible for an identifier. */
  readonly match: (identifier: Pick<Identifier, 'system' | 'authority'>) => Prefix | undefined
  readonly find: (system: System, prefix: string) => Prefix | undefined
  /** @throws Failure `IDENTIFIER_MALFORMED` */
  readonly parseIdentifier: (text: string, system?: System) => Identifier
}

/** The rules of a prefix, with the epoch that it had when they were read. */
export interface RulesOfPrefix {
  readonly system: System
  readonly prefix: string
  readonly epoch: number
  readonly rules: readonly MappingRule[]
}

/** Where a rule leads: to an identifier whose record answers, if there is one. */
export interface Rewriting {
  readonly identifier: Identifier
  readonly rule: MappingRule
}

/** Why a rule did not answer for a text. */
export type WhyNot = 'form' | 'case' | 'malformed' | 'loop' | 'owner' | 'later'

export interface Considered {
  readonly rule: MappingRule
  /** Null for the one that answers. */
  readonly whyNot: WhyNot | null
  /** The same for people. */
  readonly text: Text | null
  readonly to: string | null
}

/** What the tester shows of one identifier. */
export interface RuleExplanation {
  readonly prefix: Prefix | undefined
  readonly rewriting: Rewriting | undefined
  readonly considered: readonly Considered[]
}

/**
 * The rules of all prefixes, in memory. They are asked for an identifier that no record and no alias has: once, so that
 * no chain of rules can loop, and what they give is looked up as it is.
 */
export interface RuleBook {
  /**
   * Takes the rules of these prefixes as the store has them, none where there are none any more; what is older than the
   * directory's row of the prefix is known better already. Call it with what was read after the directory's rows, and
   * before the directory learns those: then no answer is made by rules that are older than its epochs.
   */
  learn(content: readonly RulesOfPrefix[]): void
  /** The prefixes that have rules. */
  prefixes(): readonly (readonly [system: System, prefix: string])[]
  rewrite(identifier: Identifier): Rewriting | undefined
  explain(identifier: Identifier): RuleExplanation
}

const whyNotTexts: Readonly<Record<WhyNot, Text>> = {
  form: say('标识不符合该规则的来源', 'the identifier is not of the form this rule is about'),
  case: say(
    '来源区分大小写而目标不区分：含小写字母的值不予映射，以免两物并为一物',
    'letter case counts there and not here: a value with small letters would meet another one',
  ),
  malformed: say('得到的标识不合语法', 'what it makes is no identifier'),
  loop: say('规则指向标识自身', 'it leads back to the identifier itself'),
  owner: say(
    '目标前缀未启用，或不属于来源前缀的持有者',
    'the target’s prefix is not enabled, or not held by whoever holds the one asked for',
  ),
  later: say('已有排在前面的规则作答', 'a rule before it has answered'),
}

export function makeRuleBook({ match, find, parseIdentifier }: RuleBookParts): RuleBook {
  const books = new Map<string, readonly ReadyRule[]>()

  function* consider(identifier: Identifier, holder: Prefix): Generator<Outcome> {
    for (const ready of books.get(keyOf(holder.system, holder.prefix)) ?? []) {
      const to = ready.apply(identifier)
      if (to === undefined) yield { rule: ready.rule, whyNot: 'form' }
      else if (to === lossy) yield { rule: ready.rule, whyNot: 'case' }
      else yield { rule: ready.rule, to, ...aim(identifier, to, holder) }
    }
  }

  function aim(
    asked: Identifier,
    to: string,
    { owner }: Prefix,
  ): { target: Identifier } | { whyNot: WhyNot } {
    const target = parsed(to)
    if (target === undefined) return { whyNot: 'malformed' }
    if (target.key === asked.key) return { whyNot: 'loop' }
    const holder = match(target)
    const leads = holder?.state === 'enabled' && holder.owner === owner
    return leads ? { target } : { whyNot: 'owner' }
  }

  function parsed(text: string, system?: System): Identifier | undefined {
    try {
      return parseIdentifier(text, system)
    } catch (error) {
      if (error instanceof Failure) return undefined
      throw error
    }
  }

  function ready(rule: MappingRule): ReadyRule {
    return makeReady(rule, text => parsed(text, rule.system))
  }

  /** Rules lead to what their prefix's holder has; a prefix of nobody's has nothing. */
  function holderOf(identifier: Identifier): Prefix | undefined {
    const holder = match(identifier)
    return holder?.state === 'enabled' && holder.owner !== null ? holder : undefined
  }

  return {
    learn(content) {
      for (const { system, prefix, epoch, rules } of content) {
        if ((find(system, prefix)?.epoch ?? 0) > epoch) continue
        const key = keyOf(system, prefix)
        if (rules.length === 0) books.delete(key)
        else books.set(key, rules.toSorted(inOrder).map(ready))
      }
    },

    prefixes: () =>
      [...books.values()].flatMap(([first]) =>
        first === undefined ? [] : [[first.rule.system, first.rule.prefix] as const],
      ),

    rewrite(identifier) {
      if (books.size === 0) return undefined
      const holder = holderOf(identifier)
      if (holder === undefined) return undefined
      for (const outcome of consider(identifier, holder)) {
        if ('target' in outcome) return { identifier: outcome.target, rule: outcome.rule }
      }
      return undefined
    },

    explain(identifier) {
      const holder = holderOf(identifier)
      const prefix = match(identifier)
      if (holder === undefined) return { prefix, rewriting: undefined, considered: [] }
      let rewriting: Rewriting | undefined
      const considered = [...consider(identifier, holder)].map((outcome): Considered => {
        const { rule, to = null } = outcome
        if ('whyNot' in outcome) return refused(rule, to, outcome.whyNot)
        if (rewriting !== undefined) return refused(rule, to, 'later')
        rewriting = { identifier: outcome.target, rule }
        return { rule, to, whyNot: null, text: null }
      })
      return { prefix, rewriting, considered }
    },
  }
}

function refused(rule: MappingRule, to: string | null, whyNot: WhyNot): Considered {
  return { rule, to, whyNot, text: whyNotTexts[whyNot] }
}

type Outcome = { readonly rule: MappingRule; readonly to?: string } & (
  | { readonly target: Identifier }
  | { readonly whyNot: WhyNot }
)

/** The form fits, and letter case would be lost on the way. */
const lossy = Symbol('lossy')

interface ReadyRule {
  readonly rule: MappingRule
  /** @returns the text it leads to; undefined where the identifier is not of its form */
  apply(identifier: Identifier): string | typeof lossy | undefined
}

function makeReady(rule: MappingRule, parse: (text: string) => Identifier | undefined): ReadyRule {
  const { content, system } = rule
  switch (content.kind) {
    case 'exact':
      return { rule, apply: byName([content], parse) }
    case 'table':
      return { rule, apply: byName(content.rows, parse) }
    case 'template':
      return { rule, apply: byTemplate(content, system) }
    case 'prefix':
      return { rule, apply: byStart(content, system) }
  }
}

function byName(
  rows: readonly { readonly from: string; readonly to: string }[],
  parse: (text: string) => Identifier | undefined,
): ReadyRule['apply'] {
  const targets = new Map(rows.map(({ from, to }) => [parse(from)?.key, to]))
  return ({ key }) => targets.get(key)
}

function byTemplate(
  content: RuleContent & { kind: 'template' },
  system: System,
): ReadyRule['apply'] {
  const from = readTemplate(content.from, '/from')
  const to = readTarget(content.to, '/to', from)
  return ({ text }) => {
    const found = matchTemplate(from, text, isCaseless(system))
    if (found === undefined) return undefined
    return [...found.values()].some(value => losesCase(system, value))
      ? lossy
      : fillTemplate(to, found)
  }
}

function byStart(
  { from, to }: RuleContent & { kind: 'prefix' },
  system: System,
): ReadyRule['apply'] {
  return identifier => {
    const rest = restBehind(identifier, system, from)
    if (rest === undefined) return undefined
    return losesCase(system, rest) ? lossy : to + rest
  }
}

/**
 * What stands behind a prefix in an identifier's normal form, so that two identifiers never have the same. A GS1 key
 * keeps all of it: a GTIN and a GLN may have the same digits.
 * @returns undefined where nothing does
 */
function restBehind(
  { text, authority }: Identifier,
  system: System,
  from: string,
): string | undefined {
  if (!isUnder(system, authority, from)) return undefined
  switch (system) {
    case 'gs1':
      return text
    case 'code':
    case 'handle':
      // The suffix: below a longer prefix, "5/x" would be what "88.118.8/5/x" is too.
      return authority === from ? text.slice(text.indexOf('/') + 1) : undefined
    case 'url':
      return afterSeparator(text.replace(/^https?:\/\//, '').slice(from.length), '/')
    case 'vaa':
      return authority === from ? afterSeparator(text.slice(from.length), '/') : undefined
    case 'oid':
      return afterSeparator(text.slice(from.length), '.')
    case 'did':
      return afterSeparator(text.slice(from.length), ':')
    case 'ecode':
      return text.slice(from.length) || undefined
  }
}

function afterSeparator(text: string, separator: string): string | undefined {
  return (text.startsWith(separator) ? text.slice(1) : text) || undefined
}

/** Handles fold, and whoever holds a host does not give two things URLs that differ in case alone. */
function isCaseless(system: System): boolean {
  return system === 'handle' || system === 'code' || system === 'url'
}

/** `a1` and `A1` are two serial numbers, and would be one suffix: only one of them may lead. */
function losesCase(system: System, value: string): boolean {
  return !isCaseless(system) && /[a-z]/.test(value)
}

function keyOf(system: string, prefix: string): string {
  return `${system}:${prefix}`
}

/** What names one thing first, templates in their order, the longest beginning before the shorter. */
function inOrder(a: MappingRule, b: MappingRule): number {
  const byKind = ruleKinds.indexOf(a.content.kind) - ruleKinds.indexOf(b.content.kind)
  const byLength = startLength(b) - startLength(a)
  return byKind || byLength || a.position - b.position
}

function startLength({ content }: MappingRule): number {
  return content.kind === 'prefix' ? content.from.length : 0
}
