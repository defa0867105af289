import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '../handle-rest/read-body.ts'

/** Native Handle messages in HTTP bodies, in both directions. */
export const tunnelMediaType = 'application/x-hdl-message'

export interface TunnelParts {
  /** Answers one message with the messages of its answer; none for what needs no answer. */
  readonly answer: (frame: Buffer, address: string) => Promise<readonly Buffer[]>
  readonly messageBytesMax: number
  readonly addressOf: (request: IncomingMessage) => string
}

const envelopeBytes = 20

export function isTunnelled({ method, headers }: IncomingMessage): boolean {
  if (method !== 'POST') return false
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';')
  return mediaType.trim().toLowerCase() === tunnelMediaType
}

/** POST on any path: the body is envelope and message, and so is the answer's. */
export function makeTunnel({ answer, messageBytesMax, addressOf }: TunnelParts) {
  return async function answerTunnelled(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<number> {
    const frame = await readBody(request, envelopeBytes + messageBytesMax)
    if (frame === 'tooLarge') return reply(response, 413)
    if (frame.length < envelopeBytes || frame.readUInt32BE(16) !== frame.length - envelopeBytes) {
      return reply(response, 400)
    }
    const messages = await answer(frame, addressOf(request))
    return messages.length === 0
      ? reply(response, 400)
      : reply(response, 200, Buffer.concat(messages))
  }
}

function reply(response: ServerResponse, status: number, body = Buffer.alloc(0)): number {
  response.writeHead(status, {
    'Content-Type': tunnelMediaType,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 413 ? { Connection: 'close' } : {}),
  })
  response.end(body)
  return status
}
