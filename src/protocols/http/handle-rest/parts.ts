import type { IncomingMessage } from 'node:http'
import type { HandleDesk } from '../../handle/desk.ts'
import type { Prover } from '../../handle/identity/prove.ts'
import type { OwnSite } from '../../handle/parts.ts'
import type { AskHandle } from '../../handle/question.ts'

/** What the Handle REST API and the proxy need: the desk of the Handle protocol, and who asks over HTTP. */
export interface RestParts {
  readonly desk: HandleDesk
  readonly ask: AskHandle
  readonly prover: Prover
  readonly site: () => Pick<OwnSite, 'sites' | 'sign'>
  readonly settings: {
    readonly jsonp: boolean
    /** Credentials are read without TLS too. */
    readonly plainCredentials: boolean
    readonly legacyDigests: boolean
  }
  readonly addressOf: (request: IncomingMessage) => string
  /** Over TLS, ended here or at a proxy we trust. */
  readonly isSecure: (request: IncomingMessage) => boolean
  readonly corsOrigins: () => readonly string[]
  readonly publicUrl: () => string
  readonly bodyBytesMax: number
  readonly urlBytesMax: number
  readonly random: (byteCount: number) => Buffer
  /** 0…1, as Math.random. */
  readonly draw: () => number
  readonly clock: { now(): number; monotonicMs(): number }
  readonly log: { error(fields: object, message: string): void }
}
