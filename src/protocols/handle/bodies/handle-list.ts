import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { handleBytesMax, listCountMax } from '../limits.ts'

const countBytes = 4
const lengthBytes = 4

/** The answers of list handles and list homed prefixes (RFC 3652 §3.7). */
export function decodeHandleList(reader: ByteReader): readonly string[] {
  const count = reader.count(lengthBytes, listCountMax)
  const handles: string[] = []
  for (let n = 0; n < count; n += 1) handles.push(reader.text(handleBytesMax))
  return handles
}

export function encodeHandleList(writer: ByteWriter, handles: readonly string[]): void {
  writer.int32(handles.length)
  for (const handle of handles) writer.text(handle)
}

/** One message of a list; CONT is set while more follow (RFC 3652 §2.2.2.3). */
export interface HandleListPart {
  readonly handles: readonly string[]
  readonly isContinued: boolean
}

/**
 * Cuts a list into the messages it needs, taking handles only as their message is written.
 * An empty list is one empty message.
 * @param bodyBytesMax room for at least one handle of `handleBytesMax`
 */
export function* splitHandleList(
  handles: Iterable<string>,
  bodyBytesMax: number,
): Generator<HandleListPart> {
  let part: string[] = []
  let bytes = countBytes
  for (const handle of handles) {
    const handleBytes = lengthBytes + Buffer.byteLength(handle)
    if (part.length > 0 && bytes + handleBytes > bodyBytesMax) {
      yield { handles: part, isContinued: true }
      part = []
      bytes = countBytes
    }
    part.push(handle)
    bytes += handleBytes
  }
  yield { handles: part, isContinued: false }
}
