import { type CertificateFacts, clientAuthUsage } from '../../../crypto/certificate.ts'
import { Failure } from '../../../model/failures.ts'
import { say, type Text } from '../../../model/text.ts'
import type { ImportTrust } from './parts.ts'

/**
 * Asks of a certificate that TLS has verified whether it is the top-level node's. At each request, because a
 * connection may last longer than a certificate, or than our trust in it.
 * @param facts of the certificate; undefined where the client showed none
 * @throws Failure `NOT_PERMITTED` `certificate.…`
 */
export function demandPeer(
  facts: CertificateFacts | undefined,
  { pins, uris }: Pick<ImportTrust, 'pins' | 'uris'>,
  nowMs: number,
): void {
  if (facts === undefined) throw refused('missing')
  const isValid = nowMs >= facts.validFromMs && nowMs <= facts.validToMs
  if (!pins.has(facts.thumbprint)) throw refused('pin', facts.thumbprint)
  if (!isValid) throw refused('validity')
  if (!facts.usages.includes(clientAuthUsage)) throw refused('usage')
  if (uris.length > 0 && !facts.uris.some(each => uris.includes(each))) throw refused('uri')
}

const details = {
  missing: say('须出示客户端证书', 'a client certificate is needed'),
  pin: say(
    '此证书未登记在 import.pins 中，其 x5t#S256 为',
    'this certificate is not one of import.pins; its x5t#S256 is',
  ),
  validity: say('客户端证书不在有效期内', 'the client certificate is not valid now'),
  usage: say('证书用途不含 clientAuth', 'the certificate is not for client authentication'),
  uri: say('证书不含所要求的 URI', 'the certificate bears none of the URIs of import.uris'),
} as const satisfies Record<string, Text>

function refused(rule: keyof typeof details, about = ''): Failure {
  const { zh, en } = details[rule]
  const detail = say(`${zh} ${about}`.trimEnd(), `${en} ${about}`.trimEnd())
  const errors = [{ pointer: '', rule: `certificate.${rule}`, detail }]
  return new Failure('NOT_PERMITTED', detail, { errors })
}
