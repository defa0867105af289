import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { PeerCertificate } from '../../access/parts.ts'

/**
 * The certificate that the client showed on a TLS connection that ends here. Whoever signed it: it is known by its
 * thumbprint, and TLS has made sure that the client has its private key.
 */
export function certificateOf({ socket }: IncomingMessage): PeerCertificate | undefined {
  if (!('getPeerX509Certificate' in socket)) return undefined
  const certificate = (socket as TLSSocket).getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const { fingerprint256, validFrom, validTo } = certificate
  return {
    thumbprint: Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
    validFromMs: Date.parse(validFrom),
    validToMs: Date.parse(validTo),
  }
}
