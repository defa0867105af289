import { randomBytes } from 'node:crypto'
import type { Caller } from '../../model/caller.ts'
import { Failure, invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { fileRules } from './file-rules.ts'
import { mediaTypes } from './kind-by-content.ts'
import type { FileRow, FilesParts, LicenceRow } from './parts.ts'
import { digestsOf, openPieces, sealPieces } from './sealed-pieces.ts'

/** A scanned page has half of it, a photograph of a phone all of it. */
export const fileBytesMax = 5 * 1024 * 1024
/** Of one uploader in a day: a dozen enterprises with their licences, filed for by one agent. */
const dayBytesMax = 100 * 1024 * 1024
/** Of one uploader: brought and not named by anything yet. */
const looseMax = 50
const dayMs = 86_400_000
/** When somebody who is over a day's bytes might try again. */
const quotaRetrySeconds = 3_600

/** A file as those see it who may. Digests are hex. */
export interface FileView {
  readonly id: string
  readonly sha256: string
  /** GB/T 32905. */
  readonly sm3: string
  readonly mediaType: string
  readonly byteCount: number
  /** RFC 3339. */
  readonly createdAt: string
}

export interface Files {
  /**
   * Keeps a PDF, PNG or JPEG. The same bytes of the same uploader are the same file, so that a repetition is harmless.
   * @throws Failure `INPUT_INVALID` naming the rule the file breaks, `TOO_LARGE`, `TOO_MANY`
   */
  put(bytes: Buffer, caller: Caller): Promise<FileView>
  /** For whoever brought it, the parties of what names it, and reviewers of that: a reviewer's look is put on record. */
  read(id: string, caller: Caller): Promise<{ view: FileView; bytes: Buffer } | undefined>
  /** The documents of a subject that a reviewer has seen. */
  licences(subject: string, caller: Caller): Promise<readonly LicenceRow[]>
}

export function makeFiles(parts: FilesParts): Files {
  const { transactions, reads, demand } = parts
  return {
    async put(bytes, caller) {
      demand(caller, 'file.create', {})
      if (bytes.length > fileBytesMax) throw new Failure('TOO_LARGE')
      const digests = await digestsOf(bytes)
      const { sha256 } = digests
      const same = await reads.findSame(caller.id, sha256)
      if (same !== undefined) return viewOf(same)
      await demandRoom(parts, bytes, caller)
      const file = { ...(await checked(parts, bytes, caller)), ...digests }
      const sealing = await parts.sealingOf(file.sealedFor)
      const sealed = await sealPieces(sealing, bytes, file.id)
      const isNew = await transactions.write(caller, async ledger => {
        if (!(await ledger.putFile({ ...file, createdAt: ledger.at }, sealed))) return false
        const detail = { kind: file.kind, bytes: file.byteCount, sha256: sha256.toString('hex') }
        await ledger.audit({ action: 'file.create', target: `file:${file.id}`, detail })
        return true
      })
      // The same bytes at the same moment: the other request was faster.
      const kept = isNew ? file : await reads.findSame(caller.id, sha256)
      return viewOf(kept ?? file)
    },

    async read(id, caller) {
      const file = await reads.findFile(id)
      if (file === undefined) return undefined
      const parties = await reads.partiesOf(id)
      const { uploader, uploaderSubject } = file
      const context = { uploader, uploaderSubject, ...parties }
      await parts.demandLook(caller, 'file.read', context, `file:${id}`)
      const sealed = await reads.contentOf(id)
      // Swept since.
      if (sealed === undefined) return undefined
      if (caller.role === 'reviewer') {
        await transactions.write(caller, ledger =>
          ledger.audit({ action: 'file.read', target: `file:${id}` }),
        )
      }
      const sealing = await parts.sealingOf(file.sealedFor)
      return { view: viewOf(file), bytes: await openPieces(sealing, sealed, id) }
    },

    async licences(subject, caller) {
      demand(caller, 'licence.list', { subject })
      return reads.licencesOf(subject)
    },
  }
}

/** Asked before the file is checked; requests at the same moment may go over by what is checked at once. */
async function demandRoom({ reads, now }: FilesParts, bytes: Buffer, { id }: Caller) {
  const { byteCount, looseCount } = await reads.usageOf(id, new Date(now().getTime() - dayMs))
  if (byteCount + bytes.length > dayBytesMax) {
    const detail = say('今日上传总量已达上限', 'enough was uploaded today')
    throw new Failure('TOO_MANY', detail, { retryAfterSeconds: quotaRetrySeconds })
  }
  if (looseCount >= looseMax) {
    const detail = say(
      `已有 ${looseMax} 个文件未被任何申请引用，请先在申请中引用`,
      `${looseMax} files wait to be named by an application: name them first`,
    )
    throw new Failure('TOO_MANY', detail, { retryAfterSeconds: quotaRetrySeconds })
  }
}

async function checked(
  { check, now }: FilesParts,
  bytes: Buffer,
  caller: Caller,
): Promise<Omit<FileRow, 'sha256' | 'sm3'>> {
  const verdict = await check(bytes)
  if ('rule' in verdict) throw invalid('', verdict.rule, fileRules[verdict.rule])
  return {
    id: randomBytes(12).toString('hex'),
    kind: verdict.kind,
    byteCount: bytes.length,
    uploader: caller.id,
    uploaderSubject: caller.subject,
    sealedFor: sealedFor(caller),
    createdAt: now(),
  }
}

/** Whose key seals what a caller brings: that of its subject, or of itself while it acts for none. */
export function sealedFor({ id, subject }: Caller): string {
  return subject ?? `client:${id}`
}

function viewOf({ id, kind, byteCount, sha256, sm3, createdAt }: FileRow): FileView {
  return {
    id,
    sha256: sha256.toString('hex'),
    sm3: sm3.toString('hex'),
    mediaType: mediaTypes[kind],
    byteCount,
    createdAt: createdAt.toISOString(),
  }
}
