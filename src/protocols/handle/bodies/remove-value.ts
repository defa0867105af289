import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { handleBytesMax } from '../limits.ts'
import { decodeIndexes, encodeIndexes } from './indexes.ts'

/** The request of remove value (RFC 3652 §3.6). */
export interface RemoveValue {
  readonly handle: string
  readonly indexes: readonly number[]
}

export function decodeRemoveValue(reader: ByteReader): RemoveValue {
  const handle = reader.text(handleBytesMax)
  return { handle, indexes: decodeIndexes(reader) }
}

export function encodeRemoveValue(writer: ByteWriter, { handle, indexes }: RemoveValue): void {
  writer.text(handle)
  encodeIndexes(writer, indexes)
}
