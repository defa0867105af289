import { printPrefixKey } from '../../mapping/prefix-key.ts'
import type { Caller } from '../../model/caller.ts'
import { Failure, invalid } from '../../model/failures.ts'
import type { PrefixUse } from '../../model/prefix.ts'
import { say } from '../../model/text.ts'
import type { Fields } from '../../schemas/validate.ts'
import { type Contest, contestsOf } from '../holdings/contests.ts'
import { newHolding, withoutEpoch, writePrefix } from '../holdings/hand-over.ts'
import type { Ledger, PrefixRow } from '../parts.ts'
import type { ProofMethod, ProofParts, ProofReads, ProofRow, ProofWrites } from './parts.ts'
import { openSaid } from './prefix-proofs.ts'

/** A proof as an application carries it. */
export interface FiledProof {
  readonly id: string
  readonly prefix: string
  readonly method: ProofMethod
  readonly key: string | null
  /** The items of table 1 that stand as the prefix's record had them. */
  readonly fields: readonly string[]
}

/** What was proven, with what the record said. */
export interface ProvenPrefix extends Omit<FiledProof, 'fields'> {
  readonly said: Fields
}

/** @throws Failure `INPUT_INVALID`: unknown and somebody else's look the same */
export async function readProven(
  parts: Pick<ProofParts, 'keysOf'> & { readonly reads: Pick<ProofReads, 'findProof'> },
  id: string,
  caller: Caller,
): Promise<ProvenPrefix> {
  const row = await parts.reads.findProof(id)
  if (row === undefined || row.client !== caller.id) {
    throw refused('proof.unknown', say('没有此前缀证明', 'there is no such proof of yours'))
  }
  if (row.method === null) {
    throw refused('proof.open', say('前缀证明尚未完成', 'the challenge is not answered yet'))
  }
  const { prefix, method, key } = row
  return { id, prefix, method, key, said: await openSaid(parts, row) }
}

/** Files it with an application, in that one's transaction. */
export async function takeProof(
  ledger: Pick<Ledger, 'at'> & ProofWrites,
  id: string,
  application: string,
): Promise<void> {
  const row = await ledger.lockProof(id)
  if (row === undefined || row.until <= ledger.at) {
    throw refused('proof.expired', say('前缀证明已过期', 'the proof has expired'))
  }
  if (row.application !== null && row.application !== application) {
    throw refused(
      'proof.used',
      say('前缀证明已用于其他申请', 'it was filed with another application'),
    )
  }
  await ledger.putProof({ ...row, application }, 'replace')
}

/** What of the record's items still stands after an edit. */
export function stillSaid(
  proof: FiledProof | null,
  former: Fields,
  later: Fields,
): FiledProof | null {
  return proof && { ...proof, fields: proof.fields.filter(name => former[name] === later[name]) }
}

/** What a hosted or delegated prefix may be used for, unless its holder says otherwise. */
const uses: readonly PrefixUse[] = ['product', 'equipment']

/**
 * Makes a proven prefix its subject's, in the transaction that gives the subject its code. One that this node does not
 * know yet is known from now on as delegated to the sites of its own record; without such sites there is nothing to know.
 * @throws Failure `STATE_CONFLICT` where another subject holds it here, or a prefix above or below it: an operator settles that,
 * or nobody does
 */
export async function attachProven(
  ledger: Ledger & ProofWrites,
  { id }: FiledProof,
  subject: string,
  by: string,
): Promise<void> {
  const proof = await ledger.lockProof(id)
  if (proof === undefined) return
  await ledger.lockSystem('handle')
  const before = await ledger.lockPrefix('handle', proof.prefix)
  if (before?.owner === subject) return
  if (before !== undefined && before.owner !== null) throw heldByAnother(proof)
  const row =
    before === undefined
      ? foreignPrefix(proof)
      : { ...withoutEpoch(before), serial: before.serial + 1 }
  if (row === undefined) return
  const { system, prefix } = row
  const contests = await contestsOf(ledger, { system, prefix, subject }, contestParts)
  // A rival claim stops nobody; what another subject holds is not taken, nor cut in two, without both sides being seen.
  const [other] = contests.filter(({ kind }) => kind !== 'rival')
  if (other !== undefined) throw overlapping(proof, other)
  const begins = newHolding(
    {
      system,
      prefix,
      subject,
      uses: row.uses,
      askedBy: proof.client,
      evidence: [{ kind: 'proof', id }],
      decidedBy: by,
    },
    ledger.at,
  )
  await writePrefix(ledger, { row: { ...row, owner: subject }, before, by, begins })
}

const contestParts = { codeOf: () => undefined, printPrefix: printPrefixKey }

function foreignPrefix({ prefix, sites }: ProofRow): PrefixRow | undefined {
  if (sites.length === 0) return undefined
  return {
    system: 'handle',
    prefix,
    owner: null,
    state: 'enabled',
    served: 'delegated',
    sites,
    uses,
    serial: 1,
  }
}

function heldByAnother({ prefix }: ProofRow): Failure {
  const detail = say(
    `前缀 ${prefix} 在本节点登记在其他主体名下；请先由运营者移交，或退回申请`,
    `the prefix ${prefix} is held by another subject here: have an operator hand it over, or return the application`,
  )
  return new Failure('STATE_CONFLICT', detail, { facts: { prefix } })
}

function overlapping({ prefix }: ProofRow, other: Contest): Failure {
  const detail = say(
    `前缀 ${prefix} 与其他主体持有的 ${other.prefix} 重叠；请退回申请，由运营者先行处理该重叠`,
    `the prefix ${prefix} overlaps with ${other.prefix}, which another subject holds: return the application, and have an operator settle that first`,
  )
  return new Failure('STATE_CONFLICT', detail, { facts: { prefix, overlaps: other.prefix } })
}

function refused(rule: string, detail: ReturnType<typeof say>): Failure {
  return invalid('/proof', rule, detail)
}
