import { randomBytes } from 'node:crypto'
import type { Caller } from '../../model/caller.ts'
import { Failure, invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Reference, Value } from '../../model/value.ts'
import type { Fields } from '../../schemas/validate.ts'
import { missingFields } from '../applications/filing.ts'
import { joinPersonal, splitPersonal } from '../applications/subject-keys.ts'
import type { WriteRequest } from '../identifiers.ts'
import type { ProofMethod, ProofParts, ProofRow } from './parts.ts'
import { findSigningKey } from './prove-by-key.ts'
import { saidByRecord } from './said-by-record.ts'

/** As long as somebody needs who has to fetch the key from another machine. */
const answerMs = 3_600_000
/** As long as an application may be prepared with what was proven. */
const fileMs = 30 * 86_400_000
/** Of one caller; each may be answered `attemptsMax` times, and each answer asks other nodes. */
const openMax = 10
/** A token that was just published may be looked for a few times. */
const attemptsMax = 20
const tokenType = 'QXM_PROOF'
/** Of a hosted or delegated prefix alike: who may write this name decides for the prefix. */
const tokenSuffix = 'QXM_PROOF'

/** A challenge as the challenged sees it. Instants are RFC 3339. */
export interface ProofView {
  readonly id: string
  readonly prefix: string
  readonly state: ProofRow['state']
  readonly until: string
  /** While it is open: what is to be signed, or published. */
  readonly challenge?: {
    /** Signed as it stands, in UTF-8. */
    readonly sign: string
    readonly token: {
      readonly type: string
      readonly value: string
      readonly at: readonly string[]
    }
  }
  readonly method: ProofMethod | null
  readonly key: string | null
  /** What the record says of table 1, and which required items it does not say. */
  readonly basic: Fields
  readonly missing: readonly string[]
  readonly application: string | null
}

export interface ProofAnswer {
  /** Base64 or base64url; absent: the token is looked for. */
  readonly signature?: string
  /** By which hash it was made: `SHA-256` unless it says otherwise. */
  readonly hash?: string
  /** `300:0.NA/88.118.9`; absent: each key of the prefix's administrators is tried. */
  readonly key?: string
}

/** Registration through resolution: who holds a prefix in the identifier system shows it (AII/002 §5). */
export interface PrefixProofs {
  challenge(prefix: string, request: WriteRequest): Promise<ProofView>
  /**
   * Proves it, or says what is missing; one that is proven stays so.
   * @throws Failure `INPUT_INVALID` where the signature is wrong or the token is not there, `STATE_CONFLICT` once it is
   * too late, `UPSTREAM_AWAY`
   */
  answer(id: string, answer: ProofAnswer, caller: Caller): Promise<ProofView | undefined>
  read(id: string, caller: Caller): Promise<ProofView | undefined>
}

export function makePrefixProofs(parts: ProofParts): PrefixProofs {
  const { transactions, reads, demand } = parts

  async function viewOf(row: ProofRow): Promise<ProofView> {
    const { id, prefix, state, method, key, application } = row
    const fields = await openSaid(parts, row)
    const at = [`0.NA/${prefix}`, `${prefix}/${tokenSuffix}`]
    return {
      id,
      prefix,
      state,
      until: row.until.toISOString(),
      ...(state === 'open' && {
        challenge: {
          sign: textToSign(parts, row),
          token: { type: tokenType, value: tokenOf(row), at },
        },
      }),
      method,
      key,
      basic: fields,
      missing: state === 'open' ? [] : missingFields(fields),
      application,
    }
  }

  return {
    async challenge(text, { caller, idempotency }) {
      demand(caller, 'prefixProof.create', {})
      const prefix = parts.parsePrefix(text)
      demandProvable(parts, prefix)
      if ((await reads.openProofsOf(caller.id, parts.now())) >= openMax) throw tooManyOpen()
      const id = await transactions.write(
        caller,
        async ledger => {
          const row = blankProof(prefix, caller, ledger.at)
          await ledger.putProof(row, 'insert')
          await ledger.audit({ ...about(row), action: 'prefixProof.create' })
          return row.id
        },
        idempotency,
      )
      return viewOf(await getProof(parts, id))
    },

    async answer(id, answer, caller) {
      const found = await reads.findProof(id)
      if (found === undefined) return undefined
      demand(caller, 'prefixProof.answer', found)
      if (found.state === 'proven') return viewOf(found)
      await countAttempt(parts, found, caller)
      await keepProven(parts, found, await prove(parts, found, answer), caller)
      return viewOf(await getProof(parts, id))
    },

    async read(id, caller) {
      const row = await reads.findProof(id)
      if (row === undefined) return undefined
      demand(caller, 'prefixProof.answer', row)
      return viewOf(row)
    },
  }
}

/** Before it is tried, and whatever comes of that: each attempt asks other nodes. */
async function countAttempt(
  { transactions }: ProofParts,
  found: ProofRow,
  caller: Caller,
): Promise<void> {
  await transactions.write(caller, async ledger => {
    const row = (await ledger.lockProof(found.id)) ?? found
    demandOpen(row, ledger.at)
    if (row.attempts >= attemptsMax) throw tooLate()
    await ledger.putProof({ ...row, attempts: row.attempts + 1 }, 'replace')
  })
}

async function keepProven(
  { transactions, keysOf }: ProofParts,
  found: ProofRow,
  { method, key, said, sites }: Proven,
  caller: Caller,
): Promise<void> {
  const keys = await keysOf(sealedFor(found))
  const { open, personal } = splitPersonal(said)
  await transactions.write(caller, async ledger => {
    const row = (await ledger.lockProof(found.id)) ?? found
    // Two answers at once, both right: the first is kept.
    if (row.state === 'proven') return
    demandOpen(row, ledger.at)
    const next: ProofRow = {
      ...row,
      state: 'proven',
      method,
      key,
      basic: open,
      personal: keys.seal(personal, placeOf(row)),
      sites,
      until: new Date(ledger.at.getTime() + fileMs),
      provenAt: ledger.at,
    }
    await ledger.putProof(next, 'replace')
    const detail = { prefix: next.prefix, method, key }
    await ledger.audit({ ...about(next), action: 'prefixProof.proven', detail })
  })
}

interface Proven {
  readonly method: ProofMethod
  readonly key: string | null
  readonly said: Fields
  readonly sites: ProofRow['sites']
}

/** Asks the identifier system, which is why it is done in no transaction. */
async function prove(
  { records, ...parts }: ProofParts,
  row: ProofRow,
  { signature, hash = 'SHA-256', key }: ProofAnswer,
): Promise<Proven> {
  const name = `0.NA/${row.prefix}`
  const values = (await records.lookUp(name)) ?? []
  const proven = { said: saidByRecord(values), sites: records.sitesOf(values) }
  if (signature === undefined) {
    const isThere =
      hasToken(values, row) ||
      hasToken((await records.lookUp(`${row.prefix}/${tokenSuffix}`)) ?? [], row)
    if (!isThere) throw tokenMissing(row.prefix)
    return { ...proven, method: 'token', key: null }
  }
  const signed = {
    signature: Buffer.from(signature, 'base64'),
    hash,
    text: Buffer.from(textToSign(parts, row)),
  }
  const only = key === undefined ? undefined : readKeyName(key)
  const signer = await findSigningKey(records, values, signed, only)
  if (signer === undefined) throw signatureWrong(name)
  return { ...proven, method: 'key', key: `${signer.index}:${signer.handle}` }
}

/** One line that says what it is for, so that nobody's signature under something else is an answer. */
function textToSign({ nodePrefix }: Pick<ProofParts, 'nodePrefix'>, row: ProofRow): string {
  return `qxm-prefix-proof-v1|${nodePrefix}|${row.prefix}|${row.client}|${tokenOf(row)}`
}

function tokenOf({ challenge }: Pick<ProofRow, 'challenge'>): string {
  return challenge.toString('base64url')
}

function hasToken(values: readonly Value[], row: ProofRow): boolean {
  return values.some(
    ({ type, data }) =>
      type.toUpperCase() === tokenType &&
      data.format === 'string' &&
      data.value.trim() === tokenOf(row),
  )
}

function readKeyName(text: string): Reference {
  const match = /^(\d{1,10}):(.+)$/su.exec(text)
  if (match === null) return { handle: text, index: 0 }
  return { handle: match[2] as string, index: Number(match[1]) }
}

function demandProvable({ isNodes, findPrefix }: ProofParts, prefix: string): void {
  if (isNodes(prefix)) {
    const detail = say('该前缀由本节点自己使用', 'the prefix is the node’s own')
    throw invalid('/prefix', 'proof.own', detail)
  }
  const known = findPrefix(prefix)
  if (known === undefined || known.state === 'enabled') return
  throw invalid('/prefix', 'proof.state', say('该前缀尚未启用', 'the prefix is not enabled'))
}

function demandOpen({ state, until }: ProofRow, at: Date): void {
  if (state !== 'open' || at >= until) throw tooLate()
}

function tooLate(): Failure {
  const detail = say(
    '挑战已过期或尝试次数过多，请重新申请',
    'the challenge has expired, or was answered too often: ask for another',
  )
  return new Failure('STATE_CONFLICT', detail)
}

function blankProof(prefix: string, caller: Caller, at: Date): ProofRow {
  return {
    id: randomBytes(12).toString('hex'),
    prefix,
    client: caller.id,
    state: 'open',
    challenge: randomBytes(32),
    attempts: 0,
    until: new Date(at.getTime() + answerMs),
    method: null,
    key: null,
    basic: {},
    personal: null,
    sites: [],
    application: null,
    createdAt: at,
    provenAt: null,
  }
}

async function getProof({ reads }: ProofParts, id: string): Promise<ProofRow> {
  const row = await reads.findProof(id)
  if (row === undefined) throw new Error(`the proof ${id} is gone that was there a moment ago`)
  return row
}

/** What the record said, open again. @param row its `client` is whose key sealed it */
export async function openSaid(
  { keysOf }: Pick<ProofParts, 'keysOf'>,
  row: Pick<ProofRow, 'id' | 'client' | 'basic' | 'personal'>,
): Promise<Fields> {
  if (row.personal === null) return row.basic
  const keys = await keysOf(sealedFor(row))
  return joinPersonal(row.basic, keys.open(row.personal, placeOf(row)))
}

/** Whose key seals it: no subject is known yet. */
function sealedFor({ client }: Pick<ProofRow, 'client'>): string {
  return `client:${client}`
}

function placeOf({ id }: Pick<ProofRow, 'id'>) {
  return { handle: `prefixProof:${id}`, version: 1 }
}

function about({ id, prefix }: ProofRow) {
  return { target: `prefixProof:${id}`, detail: { prefix } }
}

function tooManyOpen(): Failure {
  const detail = say('未完成的挑战过多', 'too many challenges are open')
  return new Failure('TOO_MANY', detail, { retryAfterSeconds: answerMs / 1_000 })
}

function tokenMissing(prefix: string): Failure {
  const detail = say(
    `在 0.NA/${prefix} 与 ${prefix}/${tokenSuffix} 中均未找到类型为 ${tokenType} 的令牌`,
    `neither 0.NA/${prefix} nor ${prefix}/${tokenSuffix} has the token as a value of type ${tokenType}`,
  )
  return invalid('', 'proof.token', detail)
}

function signatureWrong(name: string): Failure {
  const detail = say(
    `签名与 ${name} 的管理员公钥不符，或找不到这些公钥`,
    `no key of an administrator of ${name} that can be found made this signature`,
  )
  return invalid('/signature', 'proof.signature', detail)
}
