import type { Reference } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { decodeReference, encodeReference } from '../values/reference.ts'

/** How a session key gets across (RFC 3652 §3.8), by the number on the wire. */
export const sessionModes = {
  CLIENT_KEY: 1,
  SERVER_KEY: 2,
  HANDLE_KEY: 3,
  DIFFIE_HELLMAN: 4,
} as const

/** The request of session setup. Public keys are typed binary, a DH key among them. */
export type SessionSetup = {
  readonly timeoutSeconds: number
  /** Of nobody: an empty handle and index −1. */
  readonly identity: Reference
} & (
  | { readonly mode: 1 | 4; readonly publicKey: Buffer }
  | { readonly mode: 2 }
  | { readonly mode: 3; readonly exchangeKey: Reference }
)

/** Every writer counts the mode as four bytes, writes two, and leaves two zeros at the end. */
const spareBytes = Buffer.alloc(2)

export function decodeSessionSetup(reader: ByteReader): SessionSetup {
  const mode = reader.uint16()
  const timeoutSeconds = reader.int32()
  const identity = decodeReference(reader)
  switch (mode) {
    case sessionModes.CLIENT_KEY:
    case sessionModes.DIFFIE_HELLMAN:
      return { mode, timeoutSeconds, identity, publicKey: reader.sized() }
    case sessionModes.SERVER_KEY:
      return { mode, timeoutSeconds, identity }
    case sessionModes.HANDLE_KEY:
      return { mode, timeoutSeconds, identity, exchangeKey: decodeReference(reader) }
    default:
      throw new MalformedBytes('value', `session mode ${mode}`)
  }
}

export function encodeSessionSetup(writer: ByteWriter, setup: SessionSetup): void {
  writer.uint16(setup.mode)
  writer.int32(setup.timeoutSeconds)
  encodeReference(writer, setup.identity)
  if (setup.mode === sessionModes.HANDLE_KEY) encodeReference(writer, setup.exchangeKey)
  else if (setup.mode !== sessionModes.SERVER_KEY) writer.sized(setup.publicKey)
  writer.bytes(spareBytes)
}

/** The answer of session setup: the encrypted key, or the server's public key, as the mode says. */
export interface SessionKeyData {
  readonly mode: number
  readonly data: Buffer
}

export function decodeSessionKeyData(reader: ByteReader): SessionKeyData {
  const mode = reader.uint16()
  return { mode, data: reader.sized() }
}

export function encodeSessionKeyData(writer: ByteWriter, { mode, data }: SessionKeyData): void {
  writer.uint16(mode)
  writer.sized(data)
  writer.bytes(spareBytes)
}

/** The request of exchange key: the session key under the server's RSA key. */
export function decodeSessionKeyExchange(reader: ByteReader): Buffer {
  return reader.sized()
}

export function encodeSessionKeyExchange(writer: ByteWriter, encryptedKey: Buffer): void {
  writer.sized(encryptedKey)
}
