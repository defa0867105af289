import type { Permissions } from '../../access/permissions.ts'
import type { Sealing } from '../../crypto/sealing.ts'
import type { FilingTransactions } from '../applications/parts.ts'
import type { DemandLook } from '../demand-look.ts'
import type { FileCheck } from './check-in-thread.ts'
import type { Licence } from './evidence.ts'
import type { FileKind } from './kind-by-content.ts'

/** A file as it is stored, without its bytes. */
export interface FileRow {
  readonly id: string
  readonly kind: FileKind
  readonly byteCount: number
  readonly sha256: Buffer
  readonly sm3: Buffer
  /** The client or account that brought it, and the subject that one acted for. */
  readonly uploader: string
  readonly uploaderSubject: string | null
  /** Whose key seals it, as {@link sealedFor} says. */
  readonly sealedFor: string
  readonly createdAt: Date
}

/** Who may have to do with a file beside whoever brought it: the parties of what names it. */
export interface FileParties {
  readonly isNamed: boolean
  readonly clients: readonly string[]
  readonly subjects: readonly string[]
}

export interface FileUsage {
  /** Brought since a time. */
  readonly byteCount: number
  /** That nothing names. */
  readonly looseCount: number
}

/** Reading, outside a transaction. */
export interface FileReads {
  findFile(id: string): Promise<FileRow | undefined>
  findSame(uploader: string, sha256: Buffer): Promise<FileRow | undefined>
  partiesOf(id: string): Promise<FileParties>
  /** As it was sealed. */
  contentOf(id: string): Promise<Buffer | undefined>
  usageOf(uploader: string, since: Date): Promise<FileUsage>
  /** Newest last. */
  licencesOf(subject: string): Promise<readonly LicenceRow[]>
}

/** A document of a subject, as a reviewer has seen it. */
export interface LicenceRow extends Licence {
  readonly application: string
  readonly verifiedBy: string
  readonly verifiedAt: Date
}

/** What is written of files in a transaction. */
export interface FileWrites {
  /** @returns false, having done nothing, when the uploader has brought these bytes before */
  putFile(file: FileRow, sealed: Buffer): Promise<boolean>
  /** Those that exist, locked so that none of them is swept meanwhile. */
  lockFiles(ids: readonly string[]): Promise<readonly FileRow[]>
  /** What it names from now on; what it has kept stays named. @param about as `file_names` has it */
  nameFiles(about: string, ids: readonly string[]): Promise<void>
  /** What it names now stays named for ever. */
  keepFiles(about: string): Promise<void>
  /** Over what was known of these files of the subject. */
  putLicences(
    subject: string,
    licences: readonly Licence[],
    seen: Pick<LicenceRow, 'application' | 'verifiedBy'>,
  ): Promise<void>
}

export interface FilesParts {
  readonly transactions: FilingTransactions
  readonly reads: FileReads
  readonly check: FileCheck
  /** The sealing of a subject, or of a client that acts for none: made when first asked for. */
  readonly sealingOf: (sealedFor: string) => Promise<Sealing>
  readonly demand: Permissions['demand']
  readonly demandLook: DemandLook
  readonly now: () => Date
}
