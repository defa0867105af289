import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { handleBytesMax } from '../limits.ts'

/**
 * A body that is one handle: the requests of get site info, delete, list handles, home, unhome and
 * list homed prefixes, terminate session and next transaction id.
 */
export function decodeHandleBody(reader: ByteReader): string {
  return reader.text(handleBytesMax)
}

export function encodeHandleBody(writer: ByteWriter, handle: string): void {
  writer.text(handle)
}

/**
 * The answer to create handle: what was created, with its minted suffix; some servers say nothing.
 */
export function decodeCreatedHandle(reader: ByteReader): string | undefined {
  return reader.remaining === 0 ? undefined : decodeHandleBody(reader)
}
