import type { Caller } from '../model/caller.ts'
import { Failure, invalid } from '../model/failures.ts'
import type { Identifier, Kind, System } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { Alias, StoredRecord } from '../model/record.ts'
import { say } from '../model/text.ts'
import { aliasesIn, type Leads, writeAliases } from './aliases.ts'
import type { Idempotency, Ledger, Transactions } from './parts.ts'
import { normalizeValues, type ValueInput } from './values.ts'

export interface IdentifierParts {
  readonly transactions: Transactions
  readonly names: {
    parse(text: string, system?: System): Identifier
    parseForRegistering(text: string, system?: System): Identifier
  }
  /** The prefix responsible for an identifier. */
  readonly matchPrefix: (identifier: Identifier) => Prefix | undefined
  /** @throws Failure `NOT_AUTHENTICATED` or `NOT_PERMITTED` where the caller has no authority over the place */
  readonly demandAuthority: (caller: Caller, action: WriteAction, place: Place) => void
  readonly aliasLeads: Leads
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

/** How a write is asked for, whatever the wire. */
export interface WriteRequest {
  readonly caller: Caller
  readonly idempotency?: Idempotency
  /** The serial the caller has read; another one now is `VERSION_STALE`. */
  readonly ifSerial?: number
}

export interface RecordInput {
  readonly kind?: Kind
  readonly values?: readonly ValueInput[]
  readonly successor?: string | null
}

export interface Written {
  readonly record: StoredRecord
  readonly created: boolean
}

/** Registering: each function is one transaction with its audit and change rows. */
export interface Identifiers {
  /** @throws Failure `ALREADY_EXISTS` when it is registered and no tombstone */
  create(identifier: string, input: RecordInput, request: WriteRequest): Promise<Written>
  /** Creates or replaces. With `indexes`, only these values: those in the input are written, those named and absent are kept. */
  replace(
    identifier: string,
    input: RecordInput,
    request: WriteRequest,
    indexes?: readonly number[],
  ): Promise<Written>
  /** Changes the members given; an array replaces the array (RFC 7396). */
  patch(identifier: string, input: RecordInput, request: WriteRequest): Promise<Written>
  /** Leaves a tombstone. */
  remove(
    identifier: string,
    why: { readonly reason?: string | undefined; readonly successor?: string | undefined },
    request: WriteRequest,
  ): Promise<Written>
}

const reasonCharsMax = 500

export function makeIdentifiers(parts: IdentifierParts): Identifiers {
  const { transactions } = parts

  return {
    async create(text, input, request) {
      const target = aim(parts, text, request.caller, 'identifier.create', { creating: true })
      return transactions.write(
        request.caller,
        async ledger => {
          const before = await ledger.lockRecord(target.identifier.key)
          if (before !== undefined && before.gone === null) throw new Failure('ALREADY_EXISTS')
          checkSerial(request, before)
          return put(parts, ledger, target, input, before, request.caller)
        },
        request.idempotency,
      )
    },

    async replace(text, input, request, indexes) {
      const target = aim(parts, text, request.caller, 'identifier.replace', { creating: true })
      return againIfBeaten(() =>
        transactions.write(
          request.caller,
          async ledger => {
            const before = await ledger.lockRecord(target.identifier.key)
            checkSerial(request, before)
            const whole = indexes === undefined ? input : mergeValues(input, indexes, before)
            return put(parts, ledger, target, whole, before, request.caller)
          },
          request.idempotency,
        ),
      )
    },

    async patch(text, input, request) {
      const target = aim(parts, text, request.caller, 'identifier.patch', { creating: false })
      return transactions.write(
        request.caller,
        async ledger => {
          const before = alive(await ledger.lockRecord(target.identifier.key))
          checkSerial(request, before)
          return put(parts, ledger, target, mergePatch(input, before), before, request.caller)
        },
        request.idempotency,
      )
    },

    async remove(text, { reason, successor }, request) {
      const target = aim(parts, text, request.caller, 'identifier.delete', { creating: false })
      if (reason !== undefined && reason.length > reasonCharsMax) {
        throw invalid(
          '/reason',
          'reason.length',
          say(
            `原因不得超过 ${reasonCharsMax} 字`,
            `a reason has at most ${reasonCharsMax} characters`,
          ),
        )
      }
      return transactions.write(
        request.caller,
        async ledger => {
          const before = alive(await ledger.lockRecord(target.identifier.key))
          checkSerial(request, before)
          const record: StoredRecord = {
            ...before,
            values: [],
            aliases: [],
            submitter: request.caller.id,
            serial: before.serial + 1,
            updatedAt: ledger.at.toISOString(),
            successor: successorOf(parts, successor, before.successor),
            gone: { reason: reason ?? null },
          }
          await commit(parts, ledger, record, before, 'deleted')
          return { record, created: false }
        },
        request.idempotency,
      )
    },
  }
}

/** Of two who create a record at once by replacing it, the second finds it there when it looks again. */
async function againIfBeaten<Outcome>(write: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await write()
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'ALREADY_EXISTS') throw error
    return write()
  }
}

interface Target {
  readonly identifier: Identifier
  readonly prefix: Prefix
  readonly standing: Alias['standing']
}

/** Everything that can be refused without asking the store: grammar, prefix, authority. */
function aim(
  { names, matchPrefix, demandAuthority }: IdentifierParts,
  text: string,
  caller: Caller,
  action: WriteAction,
  { creating }: { creating: boolean },
): Target {
  const identifier = creating ? names.parseForRegistering(text) : names.parse(text)
  if (identifier.system === 'code') throw codesAreIssued()
  const prefix = matchPrefix(identifier)
  if (prefix === undefined) throw new Failure('PREFIX_UNKNOWN')
  if (prefix.served !== 'hosted') throw prefixDelegated(prefix)
  demandAuthority(caller, action, { ...identifier, prefix })
  if (prefix.state !== 'enabled') throw prefixNotEnabled(prefix)
  return { identifier, prefix, standing: caller.role === 'operator' ? 'granted' : 'claimed' }
}

async function put(
  parts: IdentifierParts,
  ledger: Ledger,
  { identifier, prefix, standing }: Target,
  input: RecordInput,
  before: StoredRecord | undefined,
  caller: Caller,
): Promise<Written> {
  const living = before?.gone === null ? before : undefined
  const inputs = input.values ?? []
  const values = normalizeValues(inputs, ledger.at, living?.values)
  const pointerOf = (asked: number) => `/values/${inputs.findIndex(({ index }) => index === asked)}`
  const record: StoredRecord = {
    key: identifier.key,
    // The first registered spelling stays the canonical one, also through a tombstone.
    identifier: before?.identifier ?? identifier.text,
    system: identifier.system,
    prefix: before?.prefix ?? prefix.prefix,
    kind: kindOf(identifier, input.kind ?? living?.kind),
    values,
    aliases: aliasesIn(
      values,
      { parseIdentifier: (text, system) => parts.names.parse(text, system), pointerOf },
      standing,
      living?.aliases,
    ).filter(({ key }) => key !== identifier.key),
    subject: null,
    submitter: caller.id,
    basis: 'authority',
    serial: (before?.serial ?? 0) + 1,
    updatedAt: ledger.at.toISOString(),
    successor:
      input.successor === null
        ? null
        : successorOf(parts, input.successor, living?.successor ?? null),
    gone: null,
  }
  if (record.kind === 'prefix') refuseSiteValues(record, pointerOf)
  if (before === undefined && identifier.system !== 'handle') {
    await refuseAlias(parts, ledger, record.key)
  }
  await commit(parts, ledger, record, before, living === undefined ? 'created' : 'replaced')
  return { record, created: living === undefined }
}

/** A name that leads to another record is taken; one that is merely claimed keeps nobody from registering it. */
async function refuseAlias(
  { aliasLeads }: IdentifierParts,
  ledger: Ledger,
  key: string,
): Promise<void> {
  const holder = (await ledger.lockAliases([key])).get(key)
  const alias = holder?.aliases.find(held => held.key === key)
  if (holder === undefined || alias === undefined || !aliasLeads(alias, holder)) return
  throw new Failure('ALREADY_EXISTS', say('它已是另一条记录的别名', 'it is an alias of a record'))
}

/** Where a hosted prefix is served is this node's to say: a record that said otherwise would lead resolvers away. */
function refuseSiteValues({ values }: StoredRecord, pointerOf: (index: number) => string): void {
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

/** One record, its index of aliases, its audit row and its announcement. */
async function commit(
  parts: IdentifierParts,
  ledger: Ledger,
  record: StoredRecord,
  before: StoredRecord | undefined,
  op: 'created' | 'replaced' | 'deleted',
): Promise<void> {
  await ledger.putRecord(record, before)
  const hasAliases = record.aliases.length + (before?.aliases.length ?? 0) > 0
  const aliasKeys = hasAliases ? await writeAliases(ledger, record, before, parts.aliasLeads) : []
  await ledger.audit({
    action: `identifier.${op}`,
    target: record.identifier,
    detail: { serial: record.serial, ...(record.gone ?? {}) },
  })
  await ledger.announce({
    identifier: record.identifier,
    prefix: record.prefix,
    serial: record.serial,
    op,
    kind: record.kind,
    keys: [record.key, ...aliasKeys],
  })
}

function kindOf(identifier: Identifier, asked: Kind | undefined): Kind {
  const isPrefixRecord = identifier.key.startsWith('0.na/')
  if (isPrefixRecord) return 'prefix'
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
  return asked ?? 'other'
}

/** Writes the values of the input over the former ones; the others stay as they are. */
function mergeValues(
  input: RecordInput,
  indexes: readonly number[],
  before: StoredRecord | undefined,
): RecordInput {
  const values = input.values ?? []
  const stray = values.find(({ index }) => !indexes.includes(index))
  if (stray !== undefined) {
    throw invalid(
      '/values',
      'values.index',
      say(
        `序号 ${stray.index} 未在 index 参数中列出`,
        `the value with index ${stray.index} is not named by an index parameter`,
      ),
    )
  }
  const living = before?.gone === null ? before : undefined
  const written = new Set(values.map(({ index }) => index))
  const kept = living?.values.filter(({ index }) => !written.has(index)) ?? []
  // The input's come first, so that what is refused is found where the caller put it.
  return { ...input, values: [...values, ...kept] }
}

/** RFC 7396: a member that is absent stays; an array replaces the array. */
function mergePatch(input: RecordInput, before: StoredRecord): RecordInput {
  return { kind: before.kind, values: before.values, ...input }
}

function alive(record: StoredRecord | undefined): StoredRecord {
  if (record === undefined) throw new Failure('IDENTIFIER_UNKNOWN')
  if (record.gone !== null) throw gone(record)
  return record
}

/** A tombstone as a failure, with what it says. */
export function gone(record: StoredRecord): Failure {
  return new Failure('IDENTIFIER_GONE', undefined, {
    facts: { reason: record.gone?.reason ?? null, successor: record.successor },
  })
}

function checkSerial({ ifSerial }: WriteRequest, before: StoredRecord | undefined): void {
  if (ifSerial === undefined) return
  const now = before?.gone === null ? before.serial : 0
  if (now !== ifSerial) throw new Failure('VERSION_STALE', undefined, { facts: { serial: now } })
}

function successorOf(
  { names }: IdentifierParts,
  text: string | undefined,
  former: string | null,
): string | null {
  return text === undefined ? former : names.parse(text).text
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
