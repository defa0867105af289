import type { Reference } from '../../model/value.ts'
import type { Envelope } from './envelope.ts'
import type { Header } from './header.ts'
import type { Challenges } from './identity/challenges.ts'

/** The other end: one TCP connection; over UDP and HTTP one message's sender. */
export interface Peer {
  /** As limits and logs see it. */
  readonly address: string
  readonly transport: 'tcp' | 'udp' | 'http'
  readonly challenges: Challenges
  /** Who logged in on this connection (2000, 2001); written by the login alone, gone with the connection. */
  identity: Reference | undefined
  /** Proofs of identity that failed here. */
  failedProofCount: number
}

/** One request as it came. The buffers are views of the bytes it was read from. */
export interface HandleRequest {
  readonly envelope: Envelope
  readonly header: Header
  readonly body: Buffer
  /** Header and body as received: what is digested and signed. */
  readonly signedPart: Buffer
  readonly peer: Peer
}

/** What is answered; everything else of a message follows from the request. */
export interface Reply {
  readonly responseCode: number
  readonly body: Buffer
  /** Where it is not the request's: a challenged operation keeps its own. */
  readonly opCode?: number
  readonly opFlags?: number
  readonly sessionId?: number
  /** The body of a challenge begins with the digest already. */
  readonly hasDigest?: true
  /** Further bodies of the same answer, each a message of its own (CONT). */
  readonly more?: AsyncIterator<Buffer>
}

/** One operation of the protocol. @throws Refusal, Failure, MalformedBytes */
export type Operation = (
  request: HandleRequest,
  identity: Reference | undefined,
) => Promise<Reply> | Reply

export const noBody = Buffer.alloc(0)
