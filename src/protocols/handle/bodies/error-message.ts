import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'

/** The body of every refusal: a text, often empty. Some servers leave even that out. */
export function decodeErrorMessage(reader: ByteReader): string {
  return reader.remaining === 0 ? '' : reader.text()
}

/** ID-SDK throws the text of ERROR at its caller. */
export function encodeErrorMessage(writer: ByteWriter, message: string): void {
  writer.text(message)
}
