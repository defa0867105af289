import { isDeepStrictEqual } from 'node:util'
import type { Caller } from '../model/caller.ts'
import { Failure, invalid } from '../model/failures.ts'
import type { System } from '../model/identifier.ts'
import type { PrefixServing, PrefixState, PrefixUse, SiteAddress } from '../model/prefix.ts'
import { say } from '../model/text.ts'
import { type ContestParts, contestsOf, demandSeen } from './holdings/contests.ts'
import { type PrefixStep, withoutEpoch, writePrefix } from './holdings/hand-over.ts'
import type { WrittenPrefix } from './holdings/undo-prefix.ts'
import type { Idempotency, Ledger, PrefixRow, Transactions } from './parts.ts'

export interface PrefixInput {
  /** The owner's code as a whole identifier or its 14 symbols; null: nobody. */
  readonly owner?: string | null
  readonly state?: PrefixState
  readonly served?: PrefixServing
  readonly sites?: readonly SiteAddress[]
  readonly for?: readonly PrefixUse[]
  /** Prefixes of others that overlap with a new owner's, and that whoever writes has seen. */
  readonly despite?: readonly string[]
}

export interface PrefixParts extends ContestParts {
  readonly transactions: Transactions
  /** @throws Failure `INPUT_INVALID` where the text is no prefix of the system */
  readonly parsePrefix: (system: System, text: string) => string
  /** @throws Failure `INPUT_INVALID` where no subject has the code. @returns the subject's id */
  readonly subjectIdByCode: (code: string) => string
  readonly demandOperator: (caller: Caller, action: 'prefix.create' | 'prefix.patch') => void
}

export interface Prefixes {
  create(
    input: PrefixInput & { readonly system?: System; readonly prefix: string },
    caller: Caller,
    idempotency?: Idempotency,
  ): Promise<PrefixRow>
  /** `owner` hands the prefix over in one epoch step. */
  patch(
    system: System,
    prefix: string,
    input: PrefixInput,
    request: {
      readonly caller: Caller
      readonly ifSerial?: number
      readonly idempotency?: Idempotency
    },
  ): Promise<PrefixRow>
}

export const sitesMax = 16

/** Prefixes under the node: who owns them, whether they answer, and where. */
export function makePrefixes(parts: PrefixParts): Prefixes {
  const { transactions, parsePrefix, demandOperator } = parts
  return {
    async create({ system: asked = 'handle', prefix: text, ...input }, caller, idempotency) {
      demandOperator(caller, 'prefix.create')
      const system = registryOf(asked)
      const prefix = parsePrefix(system, text)
      return transactions.write(
        caller,
        async ledger => {
          if (input.owner != null) await ledger.lockSystem(system)
          if ((await ledger.lockPrefix(system, prefix)) !== undefined) {
            throw new Failure('ALREADY_EXISTS')
          }
          const row = mergePrefix(parts, blankPrefix(system, prefix), input)
          await commit(parts, ledger, { row, before: undefined, by: caller.id }, input)
          return row
        },
        idempotency,
      )
    },

    async patch(asked, text, input, { caller, ifSerial, idempotency }) {
      demandOperator(caller, 'prefix.patch')
      const system = registryOf(asked)
      const prefix = parsePrefix(system, text)
      return transactions.write(
        caller,
        async ledger => {
          if (input.owner != null) await ledger.lockSystem(system)
          const before = await ledger.lockPrefix(system, prefix)
          if (before === undefined) throw new Failure('PREFIX_UNKNOWN')
          if (ifSerial !== undefined && ifSerial !== before.serial)
            throw new Failure('VERSION_STALE')
          const former = { ...withoutEpoch(before), serial: before.serial + 1 }
          const row = mergePrefix(parts, former, input)
          await commit(parts, ledger, { row, before, by: caller.id }, input)
          return row
        },
        idempotency,
      )
    },
  }
}

/** What writing a prefix as a file says it came to, and what was written, if anything. */
export interface PrefixOutcome {
  readonly outcome: 'added' | 'changed' | 'unchanged'
  readonly written?: WrittenPrefix
}

/**
 * Writes a prefix as a row of a file says: made where there is none, else changed in what the row names.
 * @param dry writes nothing
 * @throws Failure as `create` and `patch` do
 */
export async function putPrefixRow(
  parts: Omit<PrefixParts, 'transactions'>,
  ledger: Ledger,
  { system: asked = 'handle', prefix: text, ...input }: PrefixInput & PrefixName,
  caller: Caller,
  dry: boolean,
): Promise<PrefixOutcome> {
  const system = registryOf(asked)
  const prefix = parts.parsePrefix(system, text)
  if (input.owner != null) await ledger.lockSystem(system)
  const there = await ledger.lockPrefix(system, prefix)
  parts.demandOperator(caller, there === undefined ? 'prefix.create' : 'prefix.patch')
  const before = there === undefined ? null : withoutEpoch(there)
  const merged = mergePrefix(parts, before ?? blankPrefix(system, prefix), input)
  if (isDeepStrictEqual(merged, before)) return { outcome: 'unchanged' }
  const outcome = before === null ? 'added' : 'changed'
  if (dry) return { outcome }
  const row = before === null ? merged : { ...merged, serial: before.serial + 1 }
  await commit(parts, ledger, { row, before: there, by: caller.id }, input)
  return { outcome, written: { system, prefix, serial: row.serial, before } }
}

/** How a prefix is called: in its system, Handle where none is said. */
export interface PrefixName {
  readonly system?: System
  readonly prefix: string
}

/** Codes are issued under handle prefixes and have none of their own. */
function registryOf(system: System): System {
  return system === 'code' ? 'handle' : system
}

/** A prefix as it begins, unless whoever creates it says otherwise. */
export function blankPrefix(system: System, prefix: string): PrefixRow {
  return {
    system,
    prefix,
    owner: null,
    state: 'enabled',
    served: 'hosted',
    sites: [],
    uses: ['product', 'equipment'],
    serial: 1,
  }
}

/**
 * The row with what is given written over it.
 * @throws Failure `INPUT_INVALID`
 */
export function mergePrefix(
  { subjectIdByCode }: Pick<PrefixParts, 'subjectIdByCode'>,
  row: PrefixRow,
  input: PrefixInput,
): PrefixRow {
  const merged: PrefixRow = {
    ...row,
    ...(input.owner === undefined
      ? {}
      : { owner: input.owner === null ? null : subjectIdByCode(input.owner) }),
    ...(input.state === undefined ? {} : { state: input.state }),
    ...(input.served === undefined ? {} : { served: input.served }),
    ...(input.sites === undefined ? {} : { sites: input.sites }),
    ...(input.for === undefined ? {} : { uses: input.for }),
  }
  if (merged.served === 'delegated' && merged.sites.length === 0) {
    throw invalid(
      '/sites',
      'prefix.sites',
      say('委托的前缀至少需要一个站点', 'a delegated prefix needs at least one site'),
    )
  }
  if (merged.sites.length > sitesMax) {
    throw invalid(
      '/sites',
      'prefix.sites',
      say(`最多 ${sitesMax} 个站点`, `a prefix has at most ${sitesMax} sites`),
    )
  }
  return merged
}

/** A new owner takes over from the former one in the same step, once its neighbours have been seen. */
async function commit(
  parts: ContestParts,
  ledger: Ledger,
  step: PrefixStep,
  { despite }: PrefixInput,
): Promise<void> {
  const { row, before } = step
  const { system, prefix, owner } = row
  const isNew = owner !== null && owner !== before?.owner
  if (isNew) {
    const others = await contestsOf(ledger, { system, prefix, subject: owner }, parts)
    // To name another owner is to have seen the former one.
    demandSeen(
      others.filter(({ kind }) => kind !== 'taken'),
      despite,
    )
  }
  await writePrefix(ledger, step)
}
