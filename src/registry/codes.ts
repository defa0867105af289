import type { Subject } from '../model/subject.ts'
import type { SealUscc } from './credit-codes.ts'
import type { Ledger } from './parts.ts'

export interface CodeParts {
  /** The prefix codes are issued under. */
  readonly prefix: string
  /** @returns 14 symbols */
  readonly encode: (seq: number, keyVersion: number) => string
  /** Of the key that issues at the moment. */
  readonly keyVersion: number
}

export type NewSubject = Omit<Subject, 'code' | 'status' | 'successor'> & {
  readonly uscc: string
  /** Made for this subject before the transaction begins: its key is a row of its own. */
  readonly sealUscc: SealUscc
}

/**
 * Gives a subject its enterprise code, in the transaction that decides it: the number, the subject and the record of
 * the code are there together or not at all (AII/002 §5).
 */
export async function issueCode(
  { prefix, encode, keyVersion }: CodeParts,
  ledger: Ledger,
  { uscc, sealUscc, ...subject }: NewSubject,
  submitter: string,
): Promise<Subject> {
  const seq = await ledger.nextCodeNumber(prefix, keyVersion)
  const code = `${prefix}/${encode(seq, keyVersion)}`
  const { index, sealed } = sealUscc(uscc, code)
  const issued: Subject = { ...subject, code, status: 'active', successor: null }
  await ledger.putSubject({ ...issued, usccIndex: index, usccSealed: sealed })
  await ledger.putRecord(
    {
      key: code.toLowerCase(),
      identifier: code,
      system: 'code',
      prefix,
      kind: 'subject',
      // What the code tells is made from its subject when it is asked for.
      values: [],
      aliases: [],
      subject: issued.id,
      submitter,
      basis: 'authority',
      serial: 1,
      updatedAt: ledger.at.toISOString(),
      successor: null,
      gone: null,
    },
    undefined,
  )
  await ledger.audit({ action: 'code.issued', target: code })
  await ledger.announce({
    identifier: code,
    prefix,
    serial: 1,
    op: 'created',
    kind: 'subject',
    keys: [code.toLowerCase()],
    directory: { prefixes: [], subjects: [issued.id] },
  })
  return issued
}
