import { isUtf8 } from 'node:buffer'
import type { Value } from '../../../model/value.ts'
import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { handleBytesMax, typeCountMax } from '../limits.ts'
import { decodeValues, encodeValues } from '../values/handle-value.ts'
import { decodeIndexes, encodeIndexes } from './indexes.ts'

/**
 * What is asked (RFC 3652 §3.2.1). A value is wanted when its index or its type is listed; no list
 * wants all.
 */
export interface ResolutionRequest {
  readonly handle: string
  readonly indexes: readonly number[]
  readonly types: readonly string[]
  /**
   * id-pointer: whose request it is; it always writes one, usually empty, and means it only with
   * RAUT.
   */
  readonly identity?: string
}

export function decodeResolutionRequest(reader: ByteReader): ResolutionRequest {
  const handle = reader.text(handleBytesMax)
  const indexes = decodeIndexes(reader)
  const types = decodeTypes(reader)
  const identity = findIdentity(reader)
  return identity === undefined ? { handle, indexes, types } : { handle, indexes, types, identity }
}

export function encodeResolutionRequest(writer: ByteWriter, request: ResolutionRequest): void {
  writer.text(request.handle)
  encodeIndexes(writer, request.indexes)
  writer.int32(request.types.length)
  for (const type of request.types) writer.text(type)
  if (request.identity !== undefined) writer.text(request.identity)
}

/**
 * What is answered (RFC 3652 §3.2.2): the handle in the asker's spelling, then its values in any
 * order.
 */
export interface ResolutionAnswer {
  readonly handle: string
  readonly values: readonly Value[]
}

export function decodeResolutionAnswer(reader: ByteReader): ResolutionAnswer {
  const handle = reader.text(handleBytesMax)
  return { handle, values: decodeValues(reader) }
}

export function encodeResolutionAnswer(writer: ByteWriter, answer: ResolutionAnswer): void {
  writer.text(answer.handle)
  encodeValues(writer, answer.values)
}

const intBytes = 4
const noTypes: readonly string[] = Object.freeze([])

function decodeTypes(reader: ByteReader): readonly string[] {
  const count = reader.count(intBytes, typeCountMax)
  if (count === 0) return noTypes
  const types: string[] = []
  for (let n = 0; n < count; n += 1) types.push(reader.text())
  return types
}

/** Bytes that mean nothing may lie at the end of a body: what is no text is passed over. */
function findIdentity(reader: ByteReader): string | undefined {
  if (reader.remaining < intBytes) return undefined
  const length = reader.int32()
  if (length < 0 || length > reader.remaining) return undefined
  const bytes = reader.bytes(length)
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}
