import { Failure, type FieldError, invalid } from '../../model/failures.ts'
import { type System, systems } from '../../model/identifier.ts'
import {
  type PrefixUse,
  prefixServings,
  prefixStates,
  prefixUses,
  type SiteAddress,
} from '../../model/prefix.ts'
import { hasLoneSurrogateOrNul } from '../../model/safe-text.ts'
import { say } from '../../model/text.ts'
import type { PrefixInput } from '../prefixes.ts'

/** An object of a line, by its members; a null prototype, so that no member means anything. */
export type Members = Readonly<Record<string, unknown>>

/** What a line of `identifiers.ndjson` says, before its values are read. */
export interface IdentifierLine {
  readonly identifier: string
  readonly withdraw: boolean
  /** Members of a record's body that are there: `kind`, `values`, `successor`. */
  readonly record: Members
}

/** What a line of `prefixes.ndjson` says. */
export interface PrefixLine {
  readonly system: System
  readonly prefix: string
  readonly input: PrefixInput
}

/** What a line of `basic.ndjson` says: items of table 1, and perhaps a Handle prefix of whom it is about. */
export interface BasicLine {
  readonly prefix: string | null
  readonly items: Members
}

/** @throws Failure `INPUT_INVALID` */
export function readMembers(text: string): Members {
  let input: unknown
  try {
    input = JSON.parse(text)
  } catch {
    throw invalid('', 'row.json', say('此行不是 JSON', 'the line is not JSON'))
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalid('', 'row.object', say('此行不是 JSON 对象', 'the line is no JSON object'))
  }
  if (!isShallow(input, nestingMax)) {
    throw invalid('', 'row.depth', say('此行嵌套过深', 'the line is nested too deeply'))
  }
  // In valid UTF-8 they can only be written as escapes.
  if (text.includes('\\u') && !isStorable(input)) {
    const detail = say('含有 NUL 或不成对的代理码元', 'a text has NUL or half of a surrogate pair')
    throw invalid('', 'row.text', detail)
  }
  return Object.assign(Object.create(null), input)
}

function isStorable(input: unknown): boolean {
  if (typeof input === 'string') return !hasLoneSurrogateOrNul(input)
  if (typeof input !== 'object' || input === null) return true
  return Object.entries(input).every(
    ([name, member]) => !hasLoneSurrogateOrNul(name) && isStorable(member),
  )
}

/** A site with its servers and their interfaces has six. */
const nestingMax = 16

function isShallow(input: unknown, left: number): boolean {
  if (typeof input !== 'object' || input === null) return true
  return left > 0 && Object.values(input).every(member => isShallow(member, left - 1))
}

/** @throws Failure `INPUT_INVALID` */
export function readIdentifierLine(members: Members): IdentifierLine {
  const { identifier, withdraw, ...record } = members
  if (typeof identifier !== 'string' || identifier === '') throw wrong('identifier')
  if (withdraw === undefined) {
    refuseUnknown(record, ['kind', 'values', 'successor'])
    return { identifier, withdraw: false, record }
  }
  if (withdraw !== true) throw wrong('withdraw')
  refuseUnknown(record, ['successor'])
  return { identifier, withdraw: true, record }
}

/**
 * A prefix that is withdrawn is disabled: it stays known, and nothing under it resolves.
 * @throws Failure `INPUT_INVALID`
 */
export function readPrefixLine(members: Members): PrefixLine {
  const { system = 'handle', prefix, withdraw, ...rest } = members
  if (typeof prefix !== 'string' || prefix === '') throw wrong('prefix')
  if (!isOneOf(systems, system)) throw wrong('system')
  if (withdraw !== undefined) {
    if (withdraw !== true) throw wrong('withdraw')
    refuseUnknown(rest, [])
    return { system, prefix, input: { state: 'disabled' } }
  }
  refuseUnknown(rest, ['owner', 'state', 'served', 'sites', 'for'])
  const { owner, state, served, sites, for: uses } = rest
  return {
    system,
    prefix,
    input: {
      ...(owner === undefined ? {} : { owner: readOwner(owner) }),
      ...(state === undefined ? {} : { state: readOne(prefixStates, state, 'state') }),
      ...(served === undefined ? {} : { served: readOne(prefixServings, served, 'served') }),
      ...(sites === undefined ? {} : { sites: readSites(sites) }),
      ...(uses === undefined ? {} : { for: readUses(uses) }),
    },
  }
}

/** @throws Failure `INPUT_INVALID` */
export function readBasicLine(members: Members): BasicLine {
  const { prefix = null, ...items } = members
  if (prefix !== null && typeof prefix !== 'string') throw wrong('prefix')
  return { prefix, items }
}

const siteProtocols = ['TCP', 'UDP', 'HTTP'] as const

function readOwner(owner: unknown): string | null {
  if (owner === null || (typeof owner === 'string' && owner.length <= 255)) return owner
  throw wrong('owner')
}

function readUses(input: unknown): readonly PrefixUse[] {
  if (!Array.isArray(input) || input.length > prefixUses.length) throw wrong('for')
  return input.map(use => readOne(prefixUses, use, 'for'))
}

/** Bounded by the rules of prefixes, once read. */
const sitesReadMax = 100

function readSites(input: unknown): readonly SiteAddress[] {
  if (!Array.isArray(input) || input.length > sitesReadMax) throw wrong('sites')
  return input.map(readSite)
}

function readSite(input: unknown): SiteAddress {
  const { address, protocols, url } = { ...(input as Members | null) }
  const isFit =
    typeof address === 'string' &&
    address.length <= 255 &&
    Array.isArray(protocols) &&
    protocols.length <= 16 &&
    (url === undefined || (typeof url === 'string' && /^https?:\/\/\S{1,2000}$/.test(url)))
  if (!isFit) throw wrong('sites')
  return {
    address,
    protocols: protocols.map(readProtocol),
    ...(typeof url === 'string' ? { url } : {}),
  }
}

function readProtocol(input: unknown): SiteAddress['protocols'][number] {
  const { protocol, port } = { ...(input as Members | null) }
  if (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65_535) throw wrong('sites')
  return { protocol: readOne(siteProtocols, protocol, 'sites'), port: Number(port) }
}

function readOne<Text extends string>(
  texts: readonly Text[],
  input: unknown,
  member: string,
): Text {
  if (isOneOf(texts, input)) return input
  throw wrong(member)
}

function isOneOf<Text extends string>(texts: readonly Text[], input: unknown): input is Text {
  return (texts as readonly unknown[]).includes(input)
}

function refuseUnknown(members: Members, known: readonly string[]): void {
  const unknown = Object.keys(members).filter(name => !known.includes(name))
  if (unknown.length === 0) return
  const detail = say('没有此成员', 'there is no such member')
  const errors: FieldError[] = unknown
    .slice(0, 20)
    .map(name => ({ pointer: `/${name.slice(0, 64)}`, rule: 'row.member', detail }))
  throw new Failure('INPUT_INVALID', detail, { errors })
}

function wrong(member: string): Failure {
  const detail = say(`成员 ${member} 不符合要求`, `the member ${member} is not what it should be`)
  return invalid(`/${member}`, `row.${member}`, detail)
}
