import type { Value } from '../../../model/value.ts'
import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { handleBytesMax } from '../limits.ts'
import { decodeValues, encodeValues } from '../values/handle-value.ts'

/** The requests of create handle, add value and modify value (RFC 3652 §3.6). */
export interface HandleValues {
  readonly handle: string
  readonly values: readonly Value[]
}

export function decodeHandleValues(reader: ByteReader): HandleValues {
  const handle = reader.text(handleBytesMax)
  return { handle, values: decodeValues(reader) }
}

export function encodeHandleValues(writer: ByteWriter, { handle, values }: HandleValues): void {
  writer.text(handle)
  encodeValues(writer, values)
}
