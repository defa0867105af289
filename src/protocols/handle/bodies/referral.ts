import type { Value } from '../../../model/value.ts'
import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { handleBytesMax } from '../limits.ts'
import { decodeValues, encodeValues } from '../values/handle-value.ts'

/**
 * Where to go instead (SERVICE_REFERRAL, PREFIX_REFERRAL; RFC 3652 §3.4): a service handle to
 * resolve, the values of its sites, or both; the handle is empty when the values say it all.
 */
export interface Referral {
  readonly handle: string
  /** Absent when not even their count was there. */
  readonly values?: readonly Value[]
}

export function decodeReferral(reader: ByteReader): Referral {
  const handle = reader.text(handleBytesMax)
  return reader.remaining === 0 ? { handle } : { handle, values: decodeValues(reader) }
}

export function encodeReferral(writer: ByteWriter, { handle, values }: Referral): void {
  writer.text(handle)
  if (values !== undefined) encodeValues(writer, values)
}
