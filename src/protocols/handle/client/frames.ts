import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { envelopeBytes } from '../envelope.ts'
import { messageBytesMax } from '../limits.ts'

/** Where the envelope says how long the message after it is. */
const lengthAt = 16

/** Cuts what a connection brings into whole messages with their envelopes. */
export interface Frames {
  /** @throws MalformedBytes when a message is longer than any may be */
  take(chunk: Buffer): Buffer[]
}

/** Chunks wait as they came until their message is whole, so that a slow peer costs no copying. */
export function makeFrames(): Frames {
  let chunks: Buffer[] = []
  let byteCount = 0

  return {
    take(chunk) {
      chunks.push(chunk)
      byteCount += chunk.length
      if (byteCount < envelopeBytes || byteCount < frameLength(chunks)) return []
      let input = Buffer.concat(chunks, byteCount)
      const frames: Buffer[] = []
      while (input.length >= envelopeBytes && input.length >= frameLength([input])) {
        const end = frameLength([input])
        frames.push(input.subarray(0, end))
        input = input.subarray(end)
      }
      chunks = input.length === 0 ? [] : [input]
      byteCount = input.length
      return frames
    },
  }
}

/** @param chunks with at least an envelope in them */
function frameLength(chunks: readonly Buffer[]): number {
  const head = headOf(chunks)
  const messageLength = head.readUInt32BE(lengthAt)
  if (messageLength > messageBytesMax) throw new MalformedBytes('limit', 'message')
  return envelopeBytes + messageLength
}

function headOf([first, ...more]: readonly Buffer[]): Buffer {
  if (first !== undefined && first.length >= envelopeBytes) return first
  return Buffer.concat([first ?? Buffer.alloc(0), ...more], envelopeBytes)
}
