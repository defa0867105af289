import type { Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import { type System, systems } from '../../model/identifier.ts'
import { say } from '../../model/text.ts'
import { takeStep } from '../applications/desk.ts'
import { openApplication } from '../applications/filing.ts'
import { joinPersonal, type SubjectKeys } from '../applications/subject-keys.ts'
import { replaceSubject } from '../enterprises.ts'
import { undoPrefix } from '../holdings/undo-prefix.ts'
import { findNewer, undoRange } from '../staging/undo-range.ts'
import type { ApplyParts } from './apply.ts'
import { rowsPerStatement } from './apply.ts'
import { hasFile, identifiersFile } from './batch-files.ts'
import { about, demandState, stepped, summaryOf } from './over.ts'
import { statementTimeoutMs } from './plan.ts'
import type { ImportLedger, ImportRow, WrittenRow } from './rows.ts'
import { putBasics } from './write-basics.ts'

/** Named in the refusal: enough to see what is meant. */
const namedMax = 20

/**
 * Takes back all rows of an applied batch, in one transaction: each is what it was before, as a new version; the cursor
 * stays, and what was written stays known.
 * @throws Failure `STATE_CONFLICT` with the fact `newer` where somebody has written one of them since, or it was too long ago
 */
export async function undoBatch(
  parts: ApplyParts,
  batch: ImportRow,
  caller: Caller,
): Promise<ImportRow> {
  const { staged, transactions, aliasLeads } = parts
  const lastRow = await staged.lastRow(batch.id)
  if (lastRow === 0 && hasFile(batch, identifiersFile)) throw tooLongAgo()
  const newer = await findNewer(staged, batch.id, lastRow, namedMax)
  if (newer.length > 0) throw writtenSince(newer.map(({ identifier }) => identifier))
  const keys = await keysOfWritten(parts, batch)
  return transactions.write(
    caller,
    async ledger => {
      const row = (await ledger.lockImport(batch.id)) ?? batch
      demandState(row, ['applied'])
      let records = 0
      for (let after = 0; after < lastRow; after += rowsPerStatement) {
        const range = { after, upTo: after + rowsPerStatement }
        const owner = { id: batch.id }
        records += await undoRange({ ledger, owner, range, submitter: caller.id, aliasLeads })
      }
      const written = await ledger.writtenBy(batch.id)
      for (const each of written) await undoWritten(ledger, batch, each, caller, keys)
      const next = stepped(row, ledger.at, { state: 'rolledBack' })
      await ledger.putImport(next)
      const detail = { ...summaryOf(row), records, others: written.length }
      await ledger.audit({ action: 'import.rolledBack', target: about(row), detail })
      return next
    },
    undefined,
    { statementTimeoutMs },
  )
}

/** Before the transaction, in which no other question may be asked. */
async function keysOfWritten(
  { reads, filings, keysOf }: ApplyParts,
  { id }: ImportRow,
): Promise<ReadonlyMap<string, SubjectKeys>> {
  const keys = new Map<string, SubjectKeys>()
  for (const { target } of await reads.writtenBy(id)) {
    const { kind, name } = partsOf(target)
    const subject = kind === 'basics' ? name : (await filings.findApplication(name))?.subject
    if (kind !== 'prefix' && subject !== undefined) keys.set(target, await keysOf(subject))
  }
  return keys
}

async function undoWritten(
  ledger: ImportLedger,
  batch: ImportRow,
  written: WrittenRow,
  caller: Caller,
  keys: ReadonlyMap<string, SubjectKeys>,
): Promise<void> {
  const { kind, name } = partsOf(written.target)
  if (kind === 'prefix') {
    const [system, prefix] = splitSystem(name)
    const isUndone = await undoPrefix(ledger, { ...written, system, prefix }, caller.id)
    if (!isUndone) throw writtenSince([name])
    return
  }
  const ownKeys = keys.get(written.target)
  if (ownKeys === undefined) throw writtenSince([written.target])
  if (kind === 'basics')
    return undoBasics(ledger, batch, { ...written, subject: name }, ownKeys, caller)
  return undoApplication(ledger, name, ownKeys)
}

async function undoBasics(
  ledger: ImportLedger,
  batch: ImportRow,
  { subject: id, serial }: WrittenRow & { readonly subject: string },
  keys: SubjectKeys,
  caller: Caller,
): Promise<void> {
  const subject = await ledger.lockSubject(id)
  const current = await ledger.currentBasics(id)
  if (subject === undefined || current?.serial !== serial) throw writtenSince([`basics:${id}`])
  const former = await ledger.basicsAt(id, serial - 1)
  const fields =
    former === undefined
      ? {}
      : joinPersonal(
          former.basic,
          keys.open(former.personal, { handle: `subject:${id}`, version: former.serial }),
        )
  const step = { subject: id, serial: serial + 1, about: former?.application ?? about(batch) }
  await putBasics(ledger, step, fields, keys)
  const name = String(fields['producerName'] ?? subject.name)
  await replaceSubject(ledger, { ...subject, name }, caller)
}

/** What nobody has decided on yet is withdrawn; a code that was issued stays. */
async function undoApplication(ledger: ImportLedger, id: string, keys: SubjectKeys): Promise<void> {
  const row = await ledger.lockApplication(id)
  if (row === undefined || row.state === 'rejected' || row.state === 'withdrawn') return
  if (row.state === 'approved') throw writtenSince([row.code ?? `application:${id}`])
  const application = openApplication(row, keys)
  await takeStep({ ledger, keys, application }, 'withdraw', { dueAt: null })
}

function partsOf(target: string): { kind: string; name: string } {
  const colon = target.indexOf(':')
  return { kind: target.slice(0, colon), name: target.slice(colon + 1) }
}

function splitSystem(name: string): [System, string] {
  const { kind, name: prefix } = partsOf(name)
  const system = systems.find(known => known === kind)
  if (system === undefined) throw new Error(`no such system: ${kind}`)
  return [system, prefix]
}

function writtenSince(newer: readonly string[]): Failure {
  const names = newer.join(', ')
  const detail = say(
    `以下内容在导入后又被修改，不能整批回滚：${names}`,
    `these were written again since, so that the batch cannot be taken back: ${names}`,
  )
  return new Failure('STATE_CONFLICT', detail, { facts: { newer } })
}

function tooLongAgo(): Failure {
  const detail = say(
    '导入已久，回滚所需的行已清理',
    'it was applied too long ago: the rows by which it could be taken back are gone',
  )
  return new Failure('STATE_CONFLICT', detail)
}
