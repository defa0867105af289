import type { Reference } from '../../../model/value.ts'
import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { handleBytesMax, valueCountMax } from '../limits.ts'

const referenceBytesMin = 8

/** A handle and the index of one of its values (RFC 3651 §3.1); index 0 is any. */
export function decodeReference(reader: ByteReader): Reference {
  const handle = reader.text(handleBytesMax)
  return { handle, index: reader.int32() }
}

export function encodeReference(writer: ByteWriter, { handle, index }: Reference): void {
  writer.text(handle)
  writer.int32(index)
}

/**
 * A count and so many references: those of a value, and the whole of HS_VLIST (RFC 3651 §3.2.7).
 */
export function decodeReferences(reader: ByteReader): readonly Reference[] {
  const count = reader.count(referenceBytesMin, valueCountMax)
  if (count === 0) return noReferences
  const references: Reference[] = []
  for (let n = 0; n < count; n += 1) references.push(decodeReference(reader))
  return references
}

export function encodeReferences(writer: ByteWriter, references: readonly Reference[]): void {
  writer.int32(references.length)
  for (const reference of references) encodeReference(writer, reference)
}

const noReferences: readonly Reference[] = Object.freeze([])
