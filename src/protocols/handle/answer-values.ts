import type { Answer } from '../../resolver/parts.ts'
import { ByteWriter } from '../bytes/writer.ts'
import { messageBytesMax } from './limits.ts'
import { encodeValues } from './values/handle-value.ts'

/**
 * The values of an answer with their count: a resolution's body behind the handle, which is echoed
 * as each asker spells it (RFC 3652 §3.2.2). Made once per cached answer.
 * @throws WriterFull when they fit no message
 */
export function encodeAnswerValues({ values }: Pick<Answer, 'values'>): Buffer {
  const writer = new ByteWriter(messageBytesMax)
  encodeValues(writer, values)
  return writer.taken()
}
