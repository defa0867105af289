import { open, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { Failure } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import { type ContentDigest, checkDigest } from '../message-signature/content-digest.ts'

/**
 * Writes a body to a file as it comes. Nothing is left where it is too large, breaks off, or is another one than was
 * announced.
 * @param announced undefined where nothing was said about it
 * @throws Failure `TOO_LARGE`, `INPUT_INVALID` `digest.mismatch`
 */
export async function receiveBody(
  body: Readable,
  path: string,
  bytesMax: number,
  announced: ContentDigest | undefined,
): Promise<void> {
  const digest = checkDigest(announced ?? new Map())
  const file = await open(path, 'wx', 0o600)
  let byteCount = 0
  try {
    for await (const chunk of chunksOf(body)) {
      byteCount += chunk.length
      if (byteCount > bytesMax) throw tooLarge(bytesMax)
      digest.update(chunk)
      await file.appendFile(chunk)
    }
    digest.finish()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** The same of what is small, into memory. */
export async function receiveSmall(
  body: Readable,
  bytesMax: number,
  announced: ContentDigest,
): Promise<Buffer> {
  const digest = checkDigest(announced)
  const chunks: Buffer[] = []
  let byteCount = 0
  for await (const chunk of chunksOf(body)) {
    byteCount += chunk.length
    if (byteCount > bytesMax) throw tooLarge(bytesMax)
    digest.update(chunk)
    chunks.push(chunk)
  }
  digest.finish()
  return Buffer.concat(chunks)
}

/** Whoever is refused midway is still to be told so: the socket stays. */
function chunksOf(body: Readable): AsyncIterable<Buffer> {
  return body.iterator({ destroyOnReturn: false })
}

export function tooLarge(bytesMax: number): Failure {
  const detail = say(`内容超过 ${bytesMax} 字节`, `the body has more than ${bytesMax} bytes`)
  return new Failure('TOO_LARGE', detail, { facts: { bytesMax } })
}
