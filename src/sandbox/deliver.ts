import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { buffer } from 'node:stream/consumers'
import type { JwsSigner } from '../crypto/jws.ts'
import type { Issued } from '../crypto/pki.ts'
import { contentDigestOf } from '../protocols/http/message-signature/content-digest.ts'
import { signRequest } from '../protocols/http/message-signature/sign-request.ts'

/** A request to the import door as it goes over the wire: may be sent more than once. */
export interface SignedDelivery {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** What was answered; `body` parsed where it is JSON. */
export interface Delivered {
  readonly status: number
  readonly body: unknown
}

const tag = 'qxm-import'
const covered = ['@method', '@target-uri', 'content-digest', 'content-type']
const lifeSeconds = 300
const answerMsMax = 60_000

/** Signs a request by RFC 9421 as the door of a secondary node wants it. */
export function signDelivery(
  {
    url,
    mediaType,
    body,
  }: { readonly url: string; readonly mediaType: string; readonly body: Buffer },
  signer: Pick<JwsSigner, 'kid' | 'key'>,
  nowMs: number,
): SignedDelivery {
  const headers: Record<string, string> = {
    'content-type': mediaType,
    'content-digest': contentDigestOf(body, ['sha-256', 'sm3']),
  }
  const field = (name: string) => [headers[name] ?? []].flat()
  const signed = signRequest(
    { method: 'POST', targetUri: url, field },
    { keyId: signer.kid, alg: 'ed25519', key: signer.key },
    { tag, components: covered, nonce: randomUUID(), nowMs, lifeSeconds },
  )
  return { url, headers: { ...headers, ...signed }, body }
}

/**
 * Sends it over mutual TLS.
 * @param client whom we show ourselves as
 * @throws Error where the other side does not even shake hands
 */
export async function send(
  { url, headers, body }: SignedDelivery,
  client: Issued,
  authority: Pick<Issued, 'certificate'>,
): Promise<Delivered> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpsRequest(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'Accept-Language': 'en', 'Content-Length': body.length },
        ca: authority.certificate,
        cert: client.certificate,
        key: client.key,
        agent: false,
        signal: AbortSignal.timeout(answerMsMax),
      },
      resolve,
    )
    request.once('error', reject)
    request.end(body)
  })
  return {
    status: response.statusCode ?? 0,
    body: parse((await buffer(response)).toString()),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
