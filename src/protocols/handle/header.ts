import type { ByteReader } from '../bytes/reader.ts'
import type { ByteWriter } from '../bytes/writer.ts'

/** The header of a message (RFC 3652 §2.2.2). */
export interface Header {
  /** One of `opCodes`, or unknown to us. */
  readonly opCode: number
  /** One of `responseCodes`, or unknown to us; 0 in requests. */
  readonly responseCode: number
  /** `opFlags` combined, unsigned. */
  readonly opFlags: number
  /** Of the site record the sender knows; `siteSerialUnknown` if none. */
  readonly siteInfoSerialNumber: number
  /** One more for each server that forwarded the request. */
  readonly recursionCount: number
  /** Epoch seconds. ID-SDK refuses an answer that has expired. */
  readonly expirationTime: number
  readonly bodyLength: number
}

export const headerBytes = 24
export const siteSerialUnknown = 0xffff

export function decodeHeader(reader: ByteReader): Header {
  const opCode = reader.uint32()
  const responseCode = reader.uint32()
  const flags = reader.uint32()
  const siteInfoSerialNumber = reader.uint16()
  const recursionCount = reader.uint8()
  reader.uint8() // reserved
  return {
    opCode,
    responseCode,
    opFlags: flags,
    siteInfoSerialNumber,
    recursionCount,
    expirationTime: reader.uint32(),
    bodyLength: reader.uint32(),
  }
}

export function encodeHeader(writer: ByteWriter, header: Header): void {
  writer.uint32(header.opCode)
  writer.uint32(header.responseCode)
  writer.uint32(header.opFlags)
  writer.uint16(header.siteInfoSerialNumber)
  writer.uint8(header.recursionCount)
  writer.uint8(0) // reserved
  writer.uint32(header.expirationTime)
  writer.uint32(header.bodyLength)
}
