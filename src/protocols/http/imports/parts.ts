import type { X509Certificate } from 'node:crypto'
import type { Registry } from 'prom-client'
import type { TrustedKeys } from '../../../crypto/trusted-key.ts'
import type { Grants } from '../../../registry/imports/grants.ts'
import type { ImportInbox, ImportVia, ReceivedBatch } from '../../../registry/imports/parts.ts'
import type { Logger } from '../../../runtime/log.ts'
import type { HttpLimits } from '../parts.ts'

/** Whose word counts as the top-level node's; it may change while we run. */
export interface ImportTrust {
  /** The only ones that a client's or signer's certificate may lead to. */
  readonly authorities: readonly X509Certificate[]
  /** Thumbprints of the certificates that count; none, nobody is let in. */
  readonly pins: ReadonlySet<string>
  /** One of which such a certificate bears; none: any or none. */
  readonly uris: readonly string[]
  /** What requests, manifests and grants are signed with. */
  readonly keys: TrustedKeys
}

/** What a bundle says of itself once its manifest is believed: for the record of what was refused after that. */
export type KnownBatch = Pick<ReceivedBatch, 'signer'> &
  Pick<ReceivedBatch['manifest'], 'source' | 'batch' | 'seq'>

/**
 * Verifies a bundle, from the caps of the archive to the digests of its files; not a row is read.
 * @param path of the archive, which stays there while the batch's files are read
 * @param onKnown told as soon as the manifest is believed
 * @throws Failure `INPUT_INVALID`, `TOO_LARGE`, `NOT_PERMITTED`
 */
export type OpenBundle = (
  path: string,
  via: ImportVia,
  onKnown?: (known: KnownBatch) => void,
) => Promise<ReceivedBatch>

/** Everything the import door needs from the house. */
export interface ImportDoorParts {
  readonly inbox: Pick<ImportInbox, 'receive' | 'refused' | 'claimNonce'>
  readonly grants: Pick<Grants, 'add'>
  readonly openBundle: OpenBundle
  readonly trust: () => ImportTrust
  /** Whether a name or address of `Host` is ours: what was signed for another node is none of our business. */
  readonly isOurHost: (host: string) => boolean
  /** Where bodies lie until they are received: a folder of this process that nobody else enters. */
  readonly folder: string
  readonly limits: HttpLimits
  readonly publicUrl: () => string
  readonly registry: Registry
  readonly log: Logger
  readonly clock: { now(): number }
}
