import type { Caller } from '../model/caller.ts'
import { Failure, invalid } from '../model/failures.ts'
import type { StoredRecord } from '../model/record.ts'
import { say } from '../model/text.ts'
import { type Leads, refuseAliasOf, writeAliases } from './aliases.ts'
import type { Idempotency, Ledger, Transactions } from './parts.ts'
import {
  aim,
  buriedOver,
  checkRecord,
  type RecordInput,
  type RecordRules,
  type Target,
  writtenOver,
} from './record-rules.ts'

/** By which records are judged, whoever writes them and in whatever transaction. */
export interface IdentifierRules extends RecordRules {
  readonly aliasLeads: Leads
}

export interface IdentifierParts extends IdentifierRules {
  readonly transactions: Transactions
  /** Whether there may be a record of the key; a wrong no costs time, and nothing else. */
  readonly mayHave: (key: string) => boolean
}

/** How a write is asked for, whatever the wire. */
export interface WriteRequest {
  readonly caller: Caller
  readonly idempotency?: Idempotency
  /** The serial the caller has read; another one now is `VERSION_STALE`. */
  readonly ifSerial?: number
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
      const { key } = target.identifier
      const write = (mayBeThere: boolean) =>
        transactions.write(
          request.caller,
          async ledger => {
            const before = mayBeThere ? await ledger.lockRecord(key) : undefined
            if (before !== undefined && before.gone === null) throw new Failure('ALREADY_EXISTS')
            checkSerial(request, before)
            return put(parts, ledger, target, input, before, request.caller)
          },
          request.idempotency,
        )
      // What nobody has heard of is written without a look: a way to the store less.
      if (parts.mayHave(key)) return write(true)
      return againIfBeaten(
        () => write(false),
        () => write(true),
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
          const to = successor === undefined ? undefined : parts.names.parse(successor).text
          const by = { at: ledger.at, submitter: request.caller.id, basis: before.basis }
          const record = buriedOver(before, by, reason ?? null, to)
          await commit(parts, ledger, record, before, 'deleted')
          return { record, created: false }
        },
        request.idempotency,
      )
    },
  }
}

/** Of two who create a record at once, the second finds it there when it looks again. */
async function againIfBeaten<Outcome>(
  write: () => Promise<Outcome>,
  writeAgain = write,
): Promise<Outcome> {
  try {
    return await write()
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'ALREADY_EXISTS') throw error
    return writeAgain()
  }
}

async function put(
  parts: IdentifierParts,
  ledger: Ledger,
  { identifier, prefix, standing }: Target,
  input: RecordInput,
  before: StoredRecord | undefined,
  caller: Caller,
): Promise<Written> {
  const checked = checkRecord(parts, { identifier, prefix, standing }, input, ledger.at)
  const record = writtenOver(checked, before, {
    at: ledger.at,
    submitter: caller.id,
    basis: 'authority',
  })
  if (before === undefined && identifier.system !== 'handle') {
    const holders = await ledger.lockAliases([record.key])
    refuseAliasOf(record.key, holders.get(record.key), parts.aliasLeads)
  }
  const created = before === undefined || before.gone !== null
  await commit(parts, ledger, record, before, created ? 'created' : 'replaced')
  return { record, created }
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
