import type { KeyAlgorithm } from '../crypto/key-algorithms.ts'
import {
  type KeyRow,
  type KeyRows,
  type KeyState,
  type KeyStore,
  type RotatedPurpose,
  type ShownPurpose,
  shownPurposes,
} from '../crypto/key-store.ts'
import { KeyError } from '../crypto/master-key.ts'
import type { Caller } from '../model/caller.ts'
import { codeVersionMax } from '../model/code.ts'
import { Failure, invalid } from '../model/failures.ts'
import { say } from '../model/text.ts'
import type { AuditEntry, Idempotency } from './parts.ts'

/** A key as it may be shown: never its bytes. */
export interface KeyView {
  readonly purpose: ShownPurpose
  readonly scope: string
  readonly version: number
  readonly algorithm: KeyAlgorithm
  readonly state: KeyState
  readonly leaked: boolean
  /** The check value. */
  readonly kcv: string
  readonly createdAt: Date
}

/** The ledger of one transaction, as far as keys need it. */
export interface KeyLedger {
  readonly keyRows: KeyRows
  audit(entry: AuditEntry): Promise<void>
}

export interface KeyTransactions {
  /** As `Transactions.write`, with the rows of keys. */
  write<Outcome>(
    caller: Caller,
    work: (ledger: KeyLedger) => Promise<Outcome>,
    idempotency?: Idempotency,
  ): Promise<Outcome>
}

export interface KeyDeskParts {
  readonly transactions: KeyTransactions
  readonly store: Pick<KeyStore, 'over'>
  readonly allOf: (purpose: ShownPurpose) => Promise<readonly KeyRow[]>
  /** The prefix whose code keys these are. */
  readonly codePrefix: string
  readonly demandOperator: (
    caller: Caller,
    action: 'key.list' | 'key.rotate' | 'key.retire' | 'key.destroy',
  ) => void
  /** This process reads the keys again; siblings find out by themselves within a second. */
  readonly refresh: () => Promise<void>
}

export interface KeyRequest {
  readonly caller: Caller
  readonly idempotency?: Idempotency
}

/** The node's keys, as operators see and change them. */
export interface KeyDesk {
  /** Every version of what is shown, destroyed ones too. */
  list(caller: Caller): Promise<readonly KeyView[]>
  /**
   * Adds a version. Codes are issued with it at once; what is signed is signed with it once it has been published for
   * as long as verifiers keep keys.
   * @param algorithm of code keys only; sm4 where nothing is said
   */
  rotate(
    purpose: RotatedPurpose,
    algorithm: 'sm4' | 'aes-256' | undefined,
    request: KeyRequest,
  ): Promise<KeyView>
  /**
   * From here on the version only reads.
   * @param leaked others may have it: a code key no longer tells genuine from forged, what a signing key signed is no
   * longer believed, and neither is ever trusted again
   * @throws Failure `IDENTIFIER_UNKNOWN`; `STATE_CONFLICT` for the last active version
   */
  retire(
    purpose: RotatedPurpose,
    version: number,
    leaked: boolean,
    request: KeyRequest,
  ): Promise<KeyView>
  /**
   * For good: codes of the version are as if they had never been issued.
   * @param kcv the version's check value, so that nobody destroys another key than the one meant
   */
  destroy(
    purpose: RotatedPurpose,
    version: number,
    kcv: string,
    request: KeyRequest,
  ): Promise<KeyView>
}

const noSuchKey = say('没有此密钥版本', 'there is no such version of this key')

export function makeKeyDesk(parts: KeyDeskParts): KeyDesk {
  const { transactions, demandOperator, codePrefix } = parts

  function scopeOf(purpose: ShownPurpose): string {
    return purpose === 'code' ? codePrefix : ''
  }

  async function change(
    { caller, idempotency }: KeyRequest,
    work: (ledger: KeyLedger) => Promise<KeyView>,
  ): Promise<KeyView> {
    const outcome = await transactions.write(caller, work, idempotency)
    await parts.refresh()
    // A repetition's outcome has been through JSON.
    return { ...outcome, createdAt: new Date(outcome.createdAt) }
  }

  async function versionsOf(ledger: KeyLedger, purpose: RotatedPurpose): Promise<KeyView[]> {
    const rows = await ledger.keyRows.find(purpose, scopeOf(purpose))
    return rows.map(row => viewOf(row, purpose))
  }

  async function versionOf(ledger: KeyLedger, purpose: RotatedPurpose, version: number) {
    const versions = await versionsOf(ledger, purpose)
    const key = versions.find(each => each.version === version)
    if (key === undefined) throw new Failure('IDENTIFIER_UNKNOWN', noSuchKey)
    return { key, versions }
  }

  return {
    async list(caller) {
      demandOperator(caller, 'key.list')
      const found = await Promise.all(
        shownPurposes.map(async purpose =>
          (await parts.allOf(purpose))
            .map(row => viewOf(row, purpose))
            .sort((one, other) => one.version - other.version),
        ),
      )
      return found.flat()
    },

    async rotate(purpose, algorithm, request) {
      demandOperator(request.caller, 'key.rotate')
      if (algorithm !== undefined && purpose !== 'code') {
        const detail = say('仅企信码密钥可选算法', 'only code keys have a choice of algorithm')
        throw invalid('/algorithm', 'key.algorithm', detail)
      }
      return change(request, async ledger => {
        const used = await versionsOf(ledger, purpose)
        if (purpose === 'code' && used.length >= codeVersionMax) throw versionsUsedUp()
        const kind = purpose === 'code' ? (algorithm ?? 'sm4') : 'ed25519'
        const store = parts.store.over(ledger.keyRows)
        const added = await conflictOf(() => store.add(purpose, scopeOf(purpose), kind))
        const view = viewOf(added, purpose)
        await ledger.audit(auditOf('key.rotated', view))
        return view
      })
    },

    async retire(purpose, version, leaked, request) {
      demandOperator(request.caller, 'key.retire')
      return change(request, async ledger => {
        const { key, versions } = await versionOf(ledger, purpose, version)
        if (key.state === 'destroyed') throw notFrom(key)
        const others = versions.filter(each => each.version !== version)
        if (!others.some(({ state }) => state === 'active')) throw lastActive()
        await parts.store
          .over(ledger.keyRows)
          .retire({ purpose, scope: key.scope, version }, leaked)
        const view: KeyView = { ...key, state: 'retired', leaked: key.leaked || leaked }
        await ledger.audit(auditOf('key.retired', view))
        return view
      })
    },

    async destroy(purpose, version, kcv, request) {
      demandOperator(request.caller, 'key.destroy')
      return change(request, async ledger => {
        const { key } = await versionOf(ledger, purpose, version)
        if (key.kcv !== kcv) {
          const detail = say(
            '校验值与该密钥版本不符',
            'this is not the check value of that version of the key',
          )
          throw invalid('/confirm', 'key.confirm', detail)
        }
        if (key.state !== 'retired') throw notFrom(key)
        await parts.store.over(ledger.keyRows).destroy({ purpose, scope: key.scope, version })
        const view: KeyView = { ...key, state: 'destroyed' }
        await ledger.audit(auditOf('key.destroyed', view))
        return view
      })
    },
  }
}

function viewOf(key: Omit<KeyView, 'purpose'>, purpose: ShownPurpose): KeyView {
  const { scope, version, algorithm, state, leaked, kcv, createdAt } = key
  return { purpose, scope, version, algorithm, state, leaked, kcv, createdAt }
}

function auditOf(action: string, { purpose, scope, version, kcv, leaked }: KeyView): AuditEntry {
  const target = scope === '' ? `key:${purpose}` : `key:${purpose}:${scope}`
  return { action, target, detail: { version, kcv, ...(leaked && { leaked }) } }
}

/** Another operator was faster. */
async function conflictOf<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof KeyError)) throw cause
    const detail = say(
      '另一进程同时更换了该密钥',
      'the key was changed by somebody else at the same moment',
    )
    throw new Failure('STATE_CONFLICT', detail, { cause })
  }
}

function versionsUsedUp(): Failure {
  const detail = say(
    `该前缀的 ${codeVersionMax} 个密钥版本已用完：请换一个签发前缀（QXM_PREFIX）`,
    `the prefix has used its ${codeVersionMax} key versions: issue under another one (QXM_PREFIX)`,
  )
  return new Failure('STATE_CONFLICT', detail)
}

function lastActive(): Failure {
  const detail = say(
    '这是唯一在用的版本：请先更换密钥',
    'this is the only active version: rotate the key first',
  )
  return new Failure('STATE_CONFLICT', detail, { facts: { state: 'active' } })
}

function notFrom({ state }: KeyView): Failure {
  const detail =
    state === 'active'
      ? say('该版本仍在用：请先停用', 'the version is active: retire it first')
      : say('该版本已销毁', 'the version is destroyed')
  return new Failure('STATE_CONFLICT', detail, { facts: { state } })
}
