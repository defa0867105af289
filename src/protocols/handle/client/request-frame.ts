import { ByteWriter } from '../../bytes/writer.ts'
import { envelopeBytes } from '../envelope.ts'
import { headerBytes, siteSerialUnknown } from '../header.ts'
import { messageBytesMax } from '../limits.ts'
import { encodeMessage } from '../message.ts'
import { responseCodes } from '../response-codes.ts'
import { expirationSeconds } from '../write-answer.ts'

/** A request as we write it. */
export interface ClientRequest {
  readonly opCode: number
  /** `opFlags` combined. */
  readonly opFlags: number
  readonly body: Uint8Array
  readonly recursionCount?: number
  /** 0, or what stands for a challenge that is being answered. */
  readonly sessionId?: number
}

const version = { majorVersion: 2, minorVersion: 10, suggestMajor: 2, suggestMinor: 10 } as const

export function encodeRequest(request: ClientRequest, requestId: number, nowMs: number): Buffer {
  const { opCode, opFlags, body, recursionCount = 0, sessionId = 0 } = request
  const writer = new ByteWriter(envelopeBytes + messageBytesMax)
  encodeMessage(writer, {
    envelope: {
      ...version,
      compressed: false,
      encrypted: false,
      truncated: false,
      sessionId,
      requestId,
      sequenceNumber: 0,
    },
    header: {
      opCode,
      responseCode: responseCodes.REQUEST,
      opFlags,
      siteInfoSerialNumber: siteSerialUnknown,
      recursionCount,
      expirationTime: Math.floor(nowMs / 1000) + expirationSeconds,
    },
    body,
  })
  return writer.taken()
}

/** Header and body of a frame of {@link encodeRequest}: what a challenge digests. */
export function signedPartOf(frame: Buffer, { body }: Pick<ClientRequest, 'body'>): Buffer {
  return frame.subarray(envelopeBytes, envelopeBytes + headerBytes + body.length)
}
