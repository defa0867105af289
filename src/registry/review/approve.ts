import assert from 'node:assert/strict'
import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Fields } from '../../schemas/validate.ts'
import { derivePlacement, type Placement } from '../applications/derive.ts'
import type { Case } from '../applications/desk.ts'
import { alreadyHasCode } from '../applications/file-into.ts'
import type { Application } from '../applications/filing.ts'
import { splitPersonal } from '../applications/subject-keys.ts'
import { type CodeParts, issueCode } from '../codes.ts'
import { replaceSubject } from '../enterprises.ts'
import { isImporter } from '../imports/importer.ts'
import { attachProven } from '../prefix-proofs/use-proof.ts'

/**
 * What approval of an application for a code does, in its transaction: the subject and its code, its basic information,
 * and who acts for it from now on.
 */
export async function approveCode(
  theCase: Case,
  corrections: Partial<Placement>,
  codes: CodeParts,
): Promise<Pick<Application, 'code'>> {
  const { ledger, caller, keys, application } = theCase
  const { subject: id, fields, usccIndex } = application
  assert(usccIndex !== null, 'what is submitted for a code has a credit code')
  const known = await ledger.findSubjectByUscc(usccIndex)
  if (known !== undefined) throw alreadyHasCode(known.status)
  const issued = await issueCode(
    codes,
    ledger,
    {
      id,
      name: String(fields['producerName']),
      ...derivePlacement(fields),
      ...corrections,
      uscc: String(fields['uscc']),
      sealUscc: keys.sealUscc,
    },
    caller.id,
  )
  await putBasics(theCase, fields, 1)
  await putLicences(theCase)
  await bindWhoFiled(theCase)
  if (application.proof !== null) await attachProven(ledger, application.proof, id, caller.id)
  return { code: issued.code }
}

/** What approval of a change does: the former information stays, with the time for which it held. */
export async function approveChange(
  theCase: Case,
  former: Fields,
  corrections: Partial<Placement>,
): Promise<Pick<Application, 'code'>> {
  const { ledger, caller, application } = theCase
  await demandMandateStands(theCase)
  const subject = await ledger.lockSubject(application.subject)
  if (subject === undefined || subject.status === 'revoked') {
    throw new Failure(
      'STATE_CONFLICT',
      say('该主体的企信码已撤销', 'the code of the subject is revoked'),
    )
  }
  const fields = { ...former, ...application.fields }
  const current = await ledger.currentBasics(subject.id)
  await putBasics(theCase, fields, (current?.serial ?? 0) + 1)
  await putLicences(theCase)
  const name = String(fields['producerName'] ?? subject.name)
  await replaceSubject(ledger, { ...subject, name, ...corrections }, caller)
  return { code: subject.code }
}

async function putBasics(
  { ledger, keys, application }: Case,
  fields: Fields,
  serial: number,
): Promise<void> {
  const { subject, id } = application
  const { open, personal } = splitPersonal(fields)
  const sealed = keys.seal(personal, { handle: `subject:${subject}`, version: serial })
  await ledger.putBasics({ subject, serial, basic: open, personal: sealed, application: id })
}

/** What was filed with it has now been seen, and stands among the subject's licences (AII/002 §9). */
async function putLicences({ ledger, caller, application }: Case): Promise<void> {
  const { subject, evidence, id } = application
  await ledger.putLicences(subject, evidence, { application: id, verifiedBy: caller.id })
}

/** The enterprise's own client becomes the subject's; an agent's stays what it is and files under its mandate. */
async function bindWhoFiled(theCase: Case): Promise<void> {
  const { ledger, caller, application } = theCase
  const mandate = await demandMandateStands(theCase)
  // What a batch of the top-level node filed, nobody's credential did.
  if (isImporter(application.filer)) return
  const client = mandate === undefined ? application.filer : mandate.claimant
  if (mandate !== undefined) {
    const claimConfirmedBy = mandate.claimant === null ? null : caller.id
    const next = { ...mandate, subject: application.subject, claimConfirmedBy }
    await ledger.putMandate({ ...next, serial: mandate.serial + 1, updatedAt: ledger.at }, mandate)
  }
  if (client === null || (await ledger.bindClient(client, application.subject))) return
  throw new Failure(
    'STATE_CONFLICT',
    say(
      '申请方的凭证已代表其他主体',
      'the credential of who applied acts for another subject by now',
    ),
  )
}

/** An enterprise that has ended its mandate meanwhile gets no code it did not ask for. */
async function demandMandateStands({ ledger, application }: Case) {
  if (application.mandate === null) return undefined
  const mandate = await ledger.lockMandate(application.mandate)
  if (mandate?.state === 'confirmed') return mandate
  throw new Failure('STATE_CONFLICT', say('委托已终止', 'the mandate it was filed under has ended'))
}
