import assert from 'node:assert/strict'
import type { Value } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import type { ByteReader } from '../../bytes/reader.ts'
import { ByteWriter } from '../../bytes/writer.ts'
import { messageBytesMax, valueCountMax } from '../limits.ts'
import { decodeReferences, encodeReferences } from './reference.ts'
import { decodeValueData, encodeValueData } from './value-data.ts'

const valueBytesMin = 26
const ttlRelative = 0
const ttlAbsolute = 1
const permissionMask = 0x0f
const permissionTexts = Array.from({ length: 16 }, (_, bits) => bits.toString(2).padStart(4, '0'))
/** Index and timestamp, which HS_SIGNATURE does not cover. */
const unsignedBytes = 8

/**
 * A value (RFC 3651 §3.1). Times are unsigned seconds, good until 2106. The index is as it came:
 * one below 1 is for the operation to refuse.
 */
export function decodeValue(reader: ByteReader): Value {
  const index = reader.int32()
  const timestamp = instantText(reader.uint32())
  const ttlType = reader.uint8()
  const ttlSeconds = reader.uint32()
  if (ttlType !== ttlRelative && ttlType !== ttlAbsolute) {
    throw new MalformedBytes('value', `ttl type ${ttlType}`)
  }
  const permissions = permissionTexts[reader.uint8() & permissionMask] as string
  const type = reader.text()
  const data = decodeValueData(type, reader.sized())
  const ttl = ttlType === ttlAbsolute ? instantText(ttlSeconds) : ttlSeconds
  return { index, type, data, ttl, timestamp, permissions, references: decodeReferences(reader) }
}

export function encodeValue(writer: ByteWriter, value: Value): void {
  writer.int32(value.index)
  writer.uint32(instantSeconds(value.timestamp))
  if (typeof value.ttl === 'number') {
    writer.uint8(ttlRelative)
    writer.uint32(value.ttl)
  } else {
    writer.uint8(ttlAbsolute)
    writer.uint32(instantSeconds(value.ttl))
  }
  const permissions = permissionTexts.indexOf(value.permissions)
  assert(permissions >= 0, `permissions ${value.permissions}`)
  writer.uint8(permissions)
  writer.text(value.type)
  encodeValueData(writer, value.data)
  encodeReferences(writer, value.references)
}

/** A count and so many values. */
export function decodeValues(reader: ByteReader): readonly Value[] {
  const count = reader.count(valueBytesMin, valueCountMax)
  const values: Value[] = []
  for (let n = 0; n < count; n += 1) values.push(decodeValue(reader))
  return values
}

export function encodeValues(writer: ByteWriter, values: readonly Value[]): void {
  writer.int32(values.length)
  for (const value of values) encodeValue(writer, value)
}

/** The bytes whose digest stands in an HS_SIGNATURE: from the ttl type on. */
export function digestedValueBytes(value: Value): Buffer {
  const writer = new ByteWriter(messageBytesMax)
  encodeValue(writer, value)
  return writer.view(unsignedBytes)
}

function instantText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
}

function instantSeconds(instant: string): number {
  return Math.floor(Date.parse(instant) / 1000)
}
