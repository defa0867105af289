import type { Caller } from '../../model/caller.ts'
import { Failure, type FieldError } from '../../model/failures.ts'
import type { Evidence, Holding } from '../../model/holding.ts'
import { say } from '../../model/text.ts'
import type { FilingLedger } from '../applications/parts.ts'
import { nameEvidence } from '../files/evidence.ts'
import { about } from './tenure.ts'

/**
 * Lets a claim stand on what speaks for it, in its transaction: documents are kept as long as it is known, and a proof is
 * one that the caller itself gave of this very prefix.
 * @param given as it stands in the input, what the claim stands on already apart
 * @throws Failure `INPUT_INVALID`: unknown and somebody else's look the same
 */
export async function standOn(
  ledger: FilingLedger,
  caller: Caller,
  holding: Holding,
  given: readonly Evidence[],
): Promise<void> {
  const placed = given.map((piece, at) => ({ piece, pointer: `/evidence/${at}/id` }))
  const documents = placed.flatMap(({ piece, pointer }) =>
    piece.kind === 'document' ? [{ id: piece.id, pointer }] : [],
  )
  const before = holding.evidence.flatMap(piece =>
    piece.kind === 'document' && !given.includes(piece) ? [piece.id] : [],
  )
  const errors: FieldError[] = []
  for (const { piece, pointer } of placed) {
    if (piece.kind !== 'proof' || (await isProven(ledger, caller, holding, piece.id))) continue
    errors.push({ pointer, rule: 'evidence.proof', detail: noProof })
  }
  if (errors.length > 0) throw new Failure('INPUT_INVALID', noProof, { errors })
  const files = [...documents.map(({ id }) => id), ...before]
  if (files.length === 0) return
  await nameEvidence(
    ledger,
    caller,
    { about: about(holding), files, before },
    position => documents[position]?.pointer ?? '/evidence',
  )
  await ledger.keepFiles(about(holding))
}

async function isProven(
  ledger: FilingLedger,
  { id: client }: Caller,
  { system, prefix }: Holding,
  id: string,
): Promise<boolean> {
  const proof = await ledger.lockProof(id)
  return (
    proof?.state === 'proven' &&
    proof.client === client &&
    system === 'handle' &&
    proof.prefix === prefix
  )
}

const noProof = say(
  '没有此前缀的证明，或不是由您作出',
  'there is no proof of this prefix that you have given',
)
