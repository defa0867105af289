import type { VerifyKey } from '../crypto/jwk.ts'
import type { Role } from '../model/caller.ts'
import type { System } from '../model/identifier.ts'

/** A machine, and by what it proves itself: an API key, keys of its own, certificates. */
export interface Client {
  /** The key's public part, 8 hex digits: the caller's id in audit rows. */
  readonly id: string
  readonly name: string
  readonly role: Role
  /** The subject it acts for, by id. */
  readonly subject: string | null
  /** `88.118.8`, and `<system>:<prefix>` where the system is not handle. */
  readonly prefixes: readonly string[]
  /** Where it may call from, as `cidr.ts` reads it; empty: from everywhere. */
  readonly cidrs: readonly string[]
  /** The first instant at which the key no longer works, RFC 3339. */
  readonly until: string | null
  /** As `crypto/api-key-hash.ts` makes it; the key itself is nowhere. null: it has no API key. */
  readonly hash: Buffer | null
  /** Whose signatures on an assertion are the client's. */
  readonly keys: readonly VerifyKey[]
  /** The certificates that are the client's: {@link PeerCertificate.thumbprint}. */
  readonly certificates: readonly string[]
  /** RFC 3339. */
  readonly revokedAt: string | null
}

/** The certificate that a caller showed on its connection: it has the private key, which TLS made sure of. */
export interface PeerCertificate {
  /** SHA-256 of the certificate (DER), base64url: `x5t#S256` of RFC 8705 §3.1. */
  readonly thumbprint: string
  readonly validFromMs: number
  readonly validToMs: number
}

/** The clients' truth. Implemented by the storage. */
export interface Clients {
  /** The client of that id, revoked and expired ones too. @throws Failure `STORE_AWAY` */
  find(id: string): Promise<Client | undefined>
}

/**
 * Whether an authority (as `Identifier.authority`) is a prefix of its system or lies below it:
 * label-wise, digit-wise, arc-wise.
 */
export type IsUnder = (system: System, authority: string, prefix: string) => boolean
