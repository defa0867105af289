import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { thumbprintOfCertificate } from '../crypto/certificate.ts'
import type { Clock } from '../runtime/clock.ts'
import { alterBatch } from './alter-batch.ts'
import type { MoodFor } from './hostile.ts'
import { type Identity, pinOf } from './identity.ts'
import type { Journal } from './journal.ts'

export interface FeedParts {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly identity: Pick<Identity, 'authority' | 'feed' | 'nodeClient'>
  readonly journal: Pick<Journal, 'batch'>
  readonly mood: MoodFor
  readonly clock: Pick<Clock, 'sleep' | 'now'>
}

export interface Feed {
  readonly url: string
  close(): Promise<void>
}

const feedPath = '/v1/feed'
/** Long enough to be felt. */
const delayMs = 3_000
const retryAfterSeconds = 1

/**
 * From which the node below pulls: `GET /v1/feed?after=N` answers with the batch behind N, or with 204 where there is none
 * yet, to the node's certificate alone.
 */
export async function openFeed(parts: FeedParts): Promise<Feed> {
  const { identity, host, port } = parts
  const pin = pinOf(identity.nodeClient)
  const server = createServer(
    {
      key: identity.feed.key,
      cert: identity.feed.certificate,
      ca: identity.authority.certificate,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    },
    (request, response) => {
      const url = new URL(request.url ?? '/', `https://${host}`)
      const after = Number(url.searchParams.get('after'))
      const isQuestion = request.method === 'GET' && url.pathname === feedPath
      if (thumbprintOfPeer(request.socket) !== pin) response.writeHead(403).end()
      else if (!isQuestion || !Number.isSafeInteger(after)) response.writeHead(404).end()
      else answer(parts, after, response).catch(() => response.destroy())
    },
  )
  server.listen({ host, port })
  await once(server, 'listening')
  const at = `${host}:${(server.address() as AddressInfo).port}`
  return {
    url: `https://${at}${feedPath}`,
    async close() {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function thumbprintOfPeer(socket: Socket): string | undefined {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  return certificate && thumbprintOfCertificate(certificate)
}

async function answer(
  { journal, mood, clock }: FeedParts,
  after: number,
  response: ServerResponse,
): Promise<void> {
  const next = await journal.batch(after + 1)
  if (next === undefined) {
    response.writeHead(204).end()
    return
  }
  switch (mood(String(after))) {
    case 'honest':
      return give(response, next)
    case 'delay':
      await clock.sleep(delayMs)
      return give(response, next)
    case 'error':
      // Every other batch breaks off in the middle.
      if (after % 2 === 0) response.writeHead(503, { 'Retry-After': retryAfterSeconds }).end()
      else breakOff(response, next)
      return
    case 'repeat':
      return give(response, (await journal.batch(after)) ?? next)
    case 'shuffle':
      return give(response, (await journal.batch(after + 2)) ?? next)
    case 'lie':
      return give(response, await alterBatch(next, new Date(clock.now())))
  }
}

function give(response: ServerResponse, zip: Buffer): void {
  response.writeHead(200, { 'Content-Type': 'application/zip', 'Content-Length': zip.length })
  response.end(zip)
}

function breakOff(response: ServerResponse, zip: Buffer): void {
  response.writeHead(200, { 'Content-Type': 'application/zip', 'Content-Length': zip.length })
  response.write(zip.subarray(0, zip.length >> 1), () => response.destroy())
}
