import type { IncomingMessage } from 'node:http'

const noBytes = Buffer.alloc(0)

/** Reads a request's body, as long as it stays within its bound. Its time is bounded by the server. */
export async function readBody(
  request: IncomingMessage,
  bytesMax: number,
): Promise<Buffer | 'tooLarge'> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return 'tooLarge'
  const chunks: Buffer[] = []
  let byteCount = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    byteCount += chunk.length
    if (byteCount > bytesMax) return 'tooLarge'
    chunks.push(chunk)
  }
  return chunks.length === 0 ? noBytes : Buffer.concat(chunks)
}
