import { say } from '../model/text.ts'
import type { Language } from './language.ts'
import { table, visible } from './print.ts'

/** An answer as the node's JSON has it, as far as it is printed. */
export interface Answer {
  readonly identifier: string
  readonly system: string
  readonly kind: string
  readonly code: string | null
  readonly status?: string
  readonly successor?: string | null
  readonly values: readonly Value[]
  readonly prefixes: readonly { system: string; prefix: string; for: readonly string[] }[]
  readonly morePrefixes?: true
  readonly sameAs: readonly { system: string; identifier: string }[]
  readonly referral: Referral | null
  readonly withheld?: readonly { index: number; type: string; reason: string }[]
  readonly serial: number
  readonly asOf: string
  readonly ttlSeconds: number
  readonly stale?: true
  readonly asked?: string
  readonly trace?: readonly {
    step: string
    text: string
    facts: Readonly<Record<string, unknown>>
  }[]
}

export interface Value {
  readonly index: number
  readonly type: string
  readonly data: { readonly format: string; readonly value: unknown }
  readonly ttl: number | string
}

interface Referral {
  readonly prefix: string
  readonly kind: string
  readonly sites: readonly {
    readonly address: string
    readonly protocols: readonly { protocol: string; port: number }[]
    readonly url?: string
  }[]
}

const texts = {
  asked: say('询问', 'asked'),
  code: say('企信码', 'code'),
  status: say('状态', 'status'),
  successor: say('继任', 'successor'),
  version: say('版本', 'version'),
  stale: say('存储不可用，此为过期答案', 'the store is away: this answer is out of date'),
  index: say('序号', 'index'),
  type: say('类型', 'type'),
  value: say('值', 'value'),
  withheld: say('未公开', 'withheld'),
  prefixes: say('主体的前缀', "the owner's prefixes"),
  sameAs: say('同一对象', 'the same thing'),
  referral: say('已委托，请询问', 'delegated, ask'),
  trace: say('解析过程', 'how it came about'),
} as const

/** An answer for a person: what it is, its values, what else is known, and where it came from. */
export function answerText(answer: Answer, language: Language): string {
  const text = (name: keyof typeof texts) => texts[name][language]
  const parts = [
    `${visible(answer.identifier)}  (${answer.system}, ${answer.kind})\n${facts(answer, text)}`,
    answer.stale ? `${text('stale')}\n` : '',
    valueTable(answer, text),
    section(
      text('prefixes'),
      answer.prefixes
        .map(({ system, prefix, for: uses }) => [system, prefix, uses.join(', ')])
        .concat(answer.morePrefixes ? [['…']] : []),
    ),
    section(
      text('sameAs'),
      answer.sameAs.map(({ system, identifier }) => [system, identifier]),
    ),
    section(text('referral'), answer.referral?.sites.map(siteRow) ?? []),
    section(
      text('trace'),
      answer.trace?.map(each => [each.step, each.text, JSON.stringify(each.facts)]) ?? [],
    ),
  ]
  return parts.filter(part => part !== '').join('\n')
}

/** Values alone, as a table. */
export function valuesText(values: readonly Value[], language: Language): string {
  return valueTable({ values }, name => texts[name][language])
}

function facts(answer: Answer, text: (name: keyof typeof texts) => string): string {
  const { asked, code, status, successor, serial, asOf } = answer
  const version: [string, string][] =
    answer.referral === null ? [[text('version'), `${serial}, ${asOf}`]] : []
  const rows: (readonly [string, string | null | undefined])[] = [
    [text('asked'), asked],
    [text('code'), code],
    [text('status'), status],
    [text('successor'), successor],
    ...version,
  ]
  return table(rows.flatMap(([name, value]) => (value == null ? [] : [[name, value]])))
}

function valueTable(
  { values, withheld = [] }: Pick<Answer, 'values' | 'withheld'>,
  text: (name: keyof typeof texts) => string,
): string {
  if (values.length + withheld.length === 0) return ''
  return table(
    [
      ...values.map(({ index, type, ttl, data }) => [
        String(index),
        type,
        String(ttl),
        dataText(data),
      ]),
      ...withheld.map(({ index, type, reason }) => [
        String(index),
        type,
        '',
        `(${text('withheld')}: ${reason})`,
      ]),
    ],
    [text('index'), text('type'), 'TTL', text('value')],
  )
}

function dataText({ format, value }: Value['data']): string {
  if (typeof value === 'string') return format === 'string' ? value : `${format}:${value}`
  return JSON.stringify(value)
}

function siteRow({ address, protocols, url }: Referral['sites'][number]): string[] {
  const ports = protocols.map(({ protocol, port }) => `${protocol} ${port}`).join(', ')
  return [address, ports, url ?? '']
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `${title}:\n${table(rows.map(row => ['', ...row]))}`
}
