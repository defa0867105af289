import { ByteWriter } from '../bytes/writer.ts'
import { credentialBytes, encodeCredential } from './credential.ts'
import { type Envelope, envelopeBytes } from './envelope.ts'
import { headerBytes } from './header.ts'
import { messageBytesMax } from './limits.ts'
import { encodeMessage, encodeSignedPart, type MessageParts } from './message.ts'
import { hasFlag, opFlags } from './op-flags.ts'
import type { OwnSite } from './parts.ts'
import type { HandleRequest, Reply } from './request.ts'
import { digestTypeFor, encodeRequestDigest, makeRequestDigest } from './request-digest.ts'

/** What we speak; both national SDKs read it whatever they sent. */
const ownVersion = { major: 2, minor: 10 } as const

/** How long an answer may be kept, as all stacks write it. Seconds. */
export const expirationSeconds = 43_200

/** A message with all it may carry around its body; the header, a digest and a signature fit beside it. */
export const bodyBytesMax = messageBytesMax - 4096

export interface Version {
  readonly major: number
  readonly minor: number
}

/** The version of an answer: what the peer could speak, and no more than we do. */
export function versionFor(envelope: Envelope): Version {
  const { majorVersion, minorVersion, suggestMajor, suggestMinor } = envelope
  const [major, minor] =
    suggestMajor === 0 ? [majorVersion, minorVersion] : [suggestMajor, suggestMinor]
  const isOlder = major === ownVersion.major && minor < ownVersion.minor
  return isOlder ? { major, minor } : ownVersion
}

/**
 * One answer's message: envelope, header, body, and what the request asked for around it.
 * @param isContinued more messages follow for this request
 * @throws WriterFull when it fits no message
 */
export async function writeAnswer(
  request: HandleRequest,
  reply: Reply & { readonly isContinued: boolean },
  { serialNumber, sign }: OwnSite,
  nowMs: number,
): Promise<Buffer> {
  const flags = request.header.opFlags
  const version = versionFor(request.envelope)
  const mustDigest = hasFlag(flags, 'RRDG') && reply.hasDigest === undefined
  const isSigned = hasFlag(flags, 'CERT') && sign !== undefined
  const envelope = answerEnvelope(request.envelope, version, reply.sessionId)
  const header = {
    opCode: reply.opCode ?? request.header.opCode,
    responseCode: reply.responseCode,
    opFlags:
      ((reply.opFlags ?? 0) |
        (flags & opFlags.TQRY) |
        (mustDigest ? opFlags.RRDG : 0) |
        (isSigned ? opFlags.CERT : 0) |
        (reply.isContinued ? opFlags.CONT : 0)) >>>
      0,
    siteInfoSerialNumber: serialNumber,
    recursionCount: request.header.recursionCount,
    expirationTime: Math.floor(nowMs / 1000) + expirationSeconds,
  }
  const body = mustDigest ? withDigest(request, version, reply.body) : reply.body
  const credential = isSigned ? await signed(envelope, header, body, sign) : undefined
  const writer = new ByteWriter(messageBytesMax + envelopeBytes)
  encodeMessage(writer, { envelope, header, body, ...(credential && { credential }) })
  return writer.view()
}

function answerEnvelope(
  { sessionId, requestId }: Envelope,
  { major, minor }: Version,
  newSessionId: number | undefined,
): MessageParts['envelope'] {
  return {
    majorVersion: major,
    minorVersion: minor,
    compressed: false,
    encrypted: false,
    truncated: false,
    suggestMajor: ownVersion.major,
    suggestMinor: ownVersion.minor,
    sessionId: newSessionId ?? sessionId,
    requestId,
    sequenceNumber: 0,
  }
}

/** RRDG: the digest of the request as received stands in front of the body and is counted with it. */
function withDigest(
  { signedPart }: HandleRequest,
  { major, minor }: Version,
  body: Buffer,
): Buffer {
  const writer = new ByteWriter(messageBytesMax)
  encodeRequestDigest(writer, makeRequestDigest(digestTypeFor(major, minor), signedPart))
  writer.bytes(body)
  return writer.view()
}

/** CERT: signed with the key of our site record, over the values of this very envelope. */
async function signed(
  envelope: MessageParts['envelope'],
  header: MessageParts['header'],
  body: Buffer,
  sign: (bytes: Buffer) => Promise<Buffer>,
): Promise<Buffer> {
  const part = new ByteWriter(messageBytesMax + headerBytes)
  encodeSignedPart(part, header, body)
  const signature = await sign(credentialBytes(envelope, 0, part.view()))
  const credential = new ByteWriter(messageBytesMax)
  encodeCredential(credential, {
    type: 'HS_SIGNED',
    sessionCounter: 0,
    digestAlgorithm: 'SHA-256',
    signature,
  })
  return credential.view()
}
