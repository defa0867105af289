import type { Caller } from '../model/caller.ts'
import { Failure, invalid } from '../model/failures.ts'
import type { Identifier, Kind, System } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { Alias, Basis, StoredRecord } from '../model/record.ts'
import { say } from '../model/text.ts'
import type { Value } from '../model/value.ts'
import { aliasesIn, keepStanding } from './aliases.ts'
import { keepTimestamps, normalizeValues, type ValueInput } from './values.ts'

/** What the rules about one record ask of the house: the same for single writes, jobs and imports. */
export interface RecordRules {
  readonly names: {
    parse(text: string, system?: System): Identifier
    parseForRegistering(text: string, system?: System): Identifier
  }
  /** The prefix responsible for an identifier. */
  readonly matchPrefix: (identifier: Pick<Identifier, 'system' | 'authority'>) => Prefix | undefined
  /** @throws Failure `NOT_AUTHENTICATED` or `NOT_PERMITTED` where the caller has no authority over the place */
  readonly demandAuthority: (caller: Caller, action: WriteAction, place: Place) => void
}

export type WriteAction =
  | 'identifier.create'
  | 'identifier.replace'
  | 'identifier.patch'
  | 'identifier.delete'

/** Where an identifier lies: its own authority, and the prefix we know that is responsible for it. */
export interface Place {
  readonly system: System
  readonly authority: string
  readonly prefix: Prefix
}

export interface RecordInput {
  readonly kind?: Kind
  readonly values?: readonly ValueInput[]
  readonly successor?: string | null
}

export interface Target {
  readonly identifier: Identifier
  readonly prefix: Prefix
  /** What the writer's word about aliases is worth. */
  readonly standing: Alias['standing']
}

/** Everything that can be refused without asking the store: grammar, prefix, authority. */
export function aim(
  rules: RecordRules,
  text: string,
  caller: Caller,
  action: WriteAction,
  { creating }: { creating: boolean },
): Target {
  const identifier = parseTarget(rules, text, { creating })
  const prefix = demandPlace(rules, identifier, caller, action)
  return { identifier, prefix, standing: standingOf(caller) }
}

/** @throws Failure `IDENTIFIER_MALFORMED`, and `INPUT_INVALID` for an enterprise code */
export function parseTarget(
  { names }: Pick<RecordRules, 'names'>,
  text: string,
  { creating }: { creating: boolean },
): Identifier {
  const identifier = creating ? names.parseForRegistering(text) : names.parse(text)
  if (identifier.system === 'code') throw codesAreIssued()
  return identifier
}

/**
 * Whether the caller may write there now; everything that lies at one place has the same answer.
 * @throws Failure `PREFIX_UNKNOWN`, `NOT_PERMITTED`, and `STATE_CONFLICT` where nobody writes at present
 */
export function demandPlace(
  { matchPrefix, demandAuthority }: Omit<RecordRules, 'names'>,
  { system, authority }: Pick<Identifier, 'system' | 'authority'>,
  caller: Caller,
  action: WriteAction,
): Prefix {
  const prefix = matchPrefix({ system, authority })
  if (prefix === undefined) throw new Failure('PREFIX_UNKNOWN')
  if (prefix.served !== 'hosted') throw prefixDelegated(prefix)
  demandAuthority(caller, action, { system, authority, prefix })
  if (prefix.state !== 'enabled') throw prefixNotEnabled(prefix)
  return prefix
}

export function standingOf({ role }: Caller): Alias['standing'] {
  return role === 'operator' ? 'granted' : 'claimed'
}

/** A record as its writer wants it, before anyone looked what is there. */
export interface CheckedRecord {
  readonly identifier: Pick<Identifier, 'key' | 'text' | 'system'>
  readonly prefix: Pick<Prefix, 'prefix'>
  /** null: as it is, `other` where there is none. */
  readonly kind: Kind | null
  readonly values: readonly Value[]
  readonly aliases: readonly Alias[]
  /** undefined: as it is; null: none. */
  readonly successor: string | null | undefined
}

/**
 * Every rule about a record that needs no look into the store.
 * @throws Failure `INPUT_INVALID` naming the member and the rule
 */
export function checkRecord(
  { names }: Pick<RecordRules, 'names'>,
  { identifier, prefix, standing }: Target,
  input: RecordInput,
  at: Date,
): CheckedRecord {
  const inputs = input.values ?? []
  const pointerOf = (asked: number) => `/values/${inputs.findIndex(({ index }) => index === asked)}`
  const kind = kindOf(identifier, input.kind)
  const values = normalizeValues(inputs, at)
  const aliases = aliasesIn(
    values,
    { parseIdentifier: (text, system) => names.parse(text, system), pointerOf },
    standing,
  ).filter(({ key }) => key !== identifier.key)
  if (kind === 'prefix') refuseSiteValues(values, pointerOf)
  const { successor } = input
  return {
    identifier,
    prefix,
    kind,
    values,
    aliases,
    successor: successor == null ? successor : names.parse(successor).text,
  }
}

/** How a write stands in what it writes. */
export interface WrittenBy {
  readonly at: Date
  readonly submitter: string
  readonly basis: Basis
}

/** The record that a checked one becomes where `before` is; a tombstone counts for its serial and its spelling only. */
export function writtenOver(
  checked: CheckedRecord,
  before: StoredRecord | undefined,
  { at, submitter, basis }: WrittenBy,
): StoredRecord {
  const { identifier, prefix, kind, values, aliases, successor } = checked
  const living = before?.gone === null ? before : undefined
  return {
    key: identifier.key,
    // The first registered spelling stays the canonical one, also through a tombstone.
    identifier: before?.identifier ?? identifier.text,
    system: identifier.system,
    prefix: before?.prefix ?? prefix.prefix,
    kind: kind ?? living?.kind ?? 'other',
    values: keepTimestamps(values, living?.values),
    aliases: keepStanding(aliases, living?.aliases),
    subject: null,
    submitter,
    basis,
    serial: (before?.serial ?? 0) + 1,
    updatedAt: at.toISOString(),
    successor: successor === undefined ? (living?.successor ?? null) : successor,
    gone: null,
  }
}

/** The tombstone of a record. @param successor undefined: as the record had it */
export function buriedOver(
  before: StoredRecord,
  { at, submitter, basis }: WrittenBy,
  reason: string | null,
  successor: string | undefined,
): StoredRecord {
  return {
    ...before,
    values: [],
    aliases: [],
    submitter,
    basis,
    serial: before.serial + 1,
    updatedAt: at.toISOString(),
    successor: successor ?? before.successor,
    gone: { reason },
  }
}

function kindOf({ key }: Identifier, asked: Kind | undefined): Kind | null {
  if (key.startsWith('0.na/')) return 'prefix'
  if (asked === 'subject' || asked === 'prefix') {
    throw invalid(
      '/kind',
      'kind.reserved',
      say(
        '种类须为 product、equipment 或 other',
        'the kind is product, equipment or other; subjects get codes, prefixes their own records',
      ),
    )
  }
  return asked ?? null
}

/** Where a hosted prefix is served is this node's to say: a record that said otherwise would lead resolvers away. */
function refuseSiteValues(values: readonly Value[], pointerOf: (index: number) => string): void {
  const site = values.find(({ type }) => type.toUpperCase().startsWith('HS_SITE'))
  if (site === undefined) return
  throw invalid(
    `${pointerOf(site.index)}/type`,
    'prefix.site',
    say(
      '托管前缀的 HS_SITE 由本节点给出，不可写入',
      'the HS_SITE of a hosted prefix is given by this node and is not written',
    ),
  )
}

function codesAreIssued(): Failure {
  return invalid(
    '/identifier',
    'code.issued',
    say(
      '企信码由审核签发，不能直接登记或修改',
      'enterprise codes are issued by review; they are not registered or changed directly',
    ),
  )
}

function prefixNotEnabled(prefix: Prefix): Failure {
  return new Failure(
    'STATE_CONFLICT',
    say(`前缀 ${prefix.prefix} 未启用`, `the prefix ${prefix.prefix} is ${prefix.state}`),
  )
}

function prefixDelegated(prefix: Prefix): Failure {
  return new Failure(
    'STATE_CONFLICT',
    say(
      `前缀 ${prefix.prefix} 已委托给企业节点，请在该节点登记`,
      `the prefix ${prefix.prefix} is delegated; register at the node that serves it`,
    ),
  )
}
