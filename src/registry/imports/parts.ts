import type { Caller } from '../../model/caller.ts'
import type { Manifest } from './manifest.ts'

/** How a batch came to us. */
export type ImportVia = 'push' | 'pull'

/** One file of a batch, its digests already compared with the manifest. */
export interface ReceivedFile {
  /** As the manifest names it: `identifiers.ndjson`. */
  readonly name: string
  /** Lines, as the manifest says. */
  readonly rows: number
  /** Its bytes, unpacked; may be read more than once, and only until `receive` has settled. */
  read(): AsyncIterable<Buffer>
}

/**
 * A batch whose wire is verified: certificate, request signature, digests of body and files, manifest signature,
 * `checkManifest`. What it may say, and whether its turn has come, is not decided yet.
 */
export interface ReceivedBatch {
  readonly manifest: Manifest
  /** SHA-256 over the bytes of the manifest's JSON, hex: what the next manifest's `prev` names. */
  readonly manifestDigest: string
  /** The manifest as it was signed (`manifest.jws` or `.p7s`), kept as evidence. */
  readonly signed: Buffer
  /** Who signed the manifest: the `kid` of a JWS, the thumbprint of a CMS signer's certificate. */
  readonly signer: string
  readonly via: ImportVia
  readonly files: readonly ReceivedFile[]
}

/** What the top-level node is told, the first time and each time it sends the same batch again. */
export interface ImportReceipt {
  readonly id: string
  readonly source: string
  readonly batch: string
  readonly seq: number
  /** SHA-256 of the manifest, hex. */
  readonly manifest: string
  readonly rows: number
  /** Of that instant: `received`, or `parked` until the batches before it are there. */
  readonly state: ImportState
  /** RFC 3339. */
  readonly receivedAt: string
}

/** Where the chain of a source stands: what the next manifest goes on from, and what a 409 tells. */
export interface ChainHead {
  /** 0: nothing came yet. */
  readonly seq: number
  /** SHA-256 of the manifest with that number, hex; null: nothing came yet. */
  readonly digest: string | null
}

/** Where a batch may stand. A wrong one is parked for good, one behind a gap until the gap is filled. */
export type ImportState = 'received' | 'parked' | 'planned' | 'released' | 'applied' | 'rolledBack'

/** What the import door and the pull client ask of this room. */
export interface ImportInbox {
  /**
   * Keeps a batch for good, in its place of its source's chain. What comes later than the next one waits for the gap.
   * What is refused is put on record here.
   * @returns `isNew` false: the very same batch was here before, and this is what was said then
   * @throws Failure `NOT_PERMITTED` without a grant that covers it, `STATE_CONFLICT` with the facts `last` (a
   * {@link ChainHead}) where it forks from what we have or reuses a number, `TOO_LARGE`, `TOO_MANY`, `STORE_AWAY`
   */
  receive(batch: ReceivedBatch, caller: Caller): Promise<{ receipt: ImportReceipt; isNew: boolean }>
  /** Puts on record that something was refused before it could be received: a wrong signer, a bad digest. */
  refused(why: RefusedDelivery, caller: Caller): Promise<void>
  /** @returns false when this nonce of this key was claimed before. @param until when it may be forgotten */
  claimNonce(keyId: string, nonce: string, until: Date): Promise<boolean>
  headOf(source: string): Promise<ChainHead>
}

export interface RefusedDelivery {
  /** The rule that was broken, a short constant: `signature`, `digest`, `replay`. */
  readonly rule: string
  /** What is known of the batch when it was refused. */
  readonly source?: string
  readonly batch?: string
  readonly seq?: number
  /** The digest of its manifest. */
  readonly manifest?: string
  readonly authorization?: string
  /** The key or certificate it came with. */
  readonly signer?: string
  readonly via?: ReceivedBatch['via']
}

/** The feed of a top-level node, from which batches are fetched that follow what we have. */
export interface PullFeed {
  /** Whose batches it brings: `Manifest.source`. */
  readonly source: string
  /**
   * Fetches the batch after `seq`, verified as a pushed one is, and hands it over while its files can be read.
   * @returns false when the feed has nothing more at present
   * @throws Failure `UPSTREAM_AWAY`, or whatever is wrong with what it brought
   */
  next(
    after: number,
    hand: (batch: ReceivedBatch) => Promise<void>,
    signal: AbortSignal,
  ): Promise<boolean>
}
