import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { join } from 'node:path'
import { Failure } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import type { PullFeed } from '../../../registry/imports/parts.ts'
import { readContentDigest } from '../message-signature/content-digest.ts'
import { bundleBounds } from './open-bundle.ts'
import type { OpenBundle } from './parts.ts'
import { receiveBody } from './receive-body.ts'

export interface PullParts {
  readonly url: string
  /** Whose batches the feed brings. */
  readonly source: string
  /** Our client certificate and key, and the authority of the top-level node: PEM, read anew where they were renewed. */
  readonly credentials: () => Pick<RequestOptions, 'cert' | 'key' | 'ca'>
  readonly openBundle: OpenBundle
  /** Where bodies lie until they are received. */
  readonly folder: string
  /** What one batch may take from the first byte asked to the last one got. */
  readonly timeoutMs?: number
}

/** 50 MB over a slow line. */
const timeoutMsDefault = 300_000
/** A feed that answers nothing at all for so long is away. */
const silenceMs = 30_000

/**
 * Fetches batches of the top-level node over mutual TLS: `GET <feed>?after=<seq>` brings a bundle, or 204 where there
 * is nothing more. Redirects are not followed, and what comes is verified as if it had been pushed.
 */
export function makePullFeed(parts: PullParts): PullFeed {
  const { source, openBundle, folder, timeoutMs = timeoutMsDefault } = parts

  return {
    source,

    async next(after, hand, signal) {
      const late = AbortSignal.timeout(timeoutMs)
      const path = join(folder, `${randomUUID()}.zip`)
      try {
        const hasBatch = await fetchBundle(parts, after, path, AbortSignal.any([signal, late]))
        if (!hasBatch) return false
        const batch = await openBundle(path, 'pull')
        demandNext(batch.manifest, source, after)
        await hand(batch)
        return true
      } finally {
        await rm(path, { force: true })
      }
    },
  }
}

/** @returns false for 204 */
async function fetchBundle(
  { url, credentials }: PullParts,
  after: number,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  const target = new URL(url)
  target.searchParams.set('after', String(after))
  const response = await ask(target, credentials(), signal)
  try {
    const { statusCode = 0, headers, headersDistinct } = response
    if (statusCode === 204) return false
    const [mediaType = ''] = (headers['content-type'] ?? '').split(';')
    const isPlain = (headers['content-encoding'] ?? 'identity') === 'identity'
    if (statusCode !== 200) throw away(`HTTP ${statusCode}`)
    if (mediaType.trim().toLowerCase() !== 'application/zip' || !isPlain) throw away(mediaType)
    const digests = headersDistinct['content-digest']
    const announced = digests && readContentDigest(digests)
    await receiveBody(response, path, bundleBounds.archiveBytesMax, announced)
    return true
  } catch (error) {
    throw error instanceof Failure ? error : away(messageOf(error), error)
  } finally {
    response.destroy()
  }
}

function ask(
  url: URL,
  credentials: ReturnType<PullParts['credentials']>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, {
      ...credentials,
      method: 'GET',
      // Each batch is a connection of its own: certificates are looked at anew, and none is kept for minutes of nothing.
      agent: false,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      headers: { accept: 'application/zip', 'accept-encoding': 'identity' },
      timeout: silenceMs,
      signal,
    })
    request.once('timeout', () => request.destroy(new Error(`silent for ${silenceMs} ms`)))
    request.once('response', resolve)
    request.once('error', error => reject(away(messageOf(error), error)))
    request.end()
  })
}

/** A feed that brings again and again what we have would be asked for ever. */
function demandNext(
  { source, seq }: { readonly source: string; readonly seq: number },
  expected: string,
  after: number,
): void {
  if (source !== expected) throw away(`source ${source}`)
  if (seq <= after) throw away(`seq ${seq}`)
}

/** @param what the feed did, for who looks after it */
function away(what: string, cause?: unknown): Failure {
  const detail = say(
    `国家顶级节点的批次源不可用（${what}）`,
    `the feed of the top-level node does not bring what it should (${what})`,
  )
  return new Failure('UPSTREAM_AWAY', detail, cause === undefined ? {} : { cause })
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error ? String(error.code) : error.message
}
