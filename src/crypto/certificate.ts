import { X509Certificate } from 'node:crypto'

/** What we ask of a certificate that somebody showed or signed with. */
export interface CertificateFacts {
  /** SHA-256 of the DER, base64url: `x5t#S256` of RFC 8705 §3.1. */
  readonly thumbprint: string
  /** Its URIs among the subject alternative names. */
  readonly uris: readonly string[]
  /** Its extended key usages, as object identifiers; empty: it says none. */
  readonly usages: readonly string[]
  readonly validFromMs: number
  readonly validToMs: number
}

/** The extended key usage of a TLS client (RFC 5280 §4.2.1.12). */
export const clientAuthUsage = '1.3.6.1.5.5.7.3.2'

export function factsOf(certificate: X509Certificate): CertificateFacts {
  const { subjectAltName, keyUsage, validFrom, validTo } = certificate
  return {
    thumbprint: thumbprintOfCertificate(certificate),
    uris: urisIn(subjectAltName ?? ''),
    // What Node calls key usage is the extended one; absent in certificates without it, whatever its types say.
    usages: (keyUsage as string[] | undefined) ?? [],
    validFromMs: Date.parse(validFrom),
    validToMs: Date.parse(validTo),
  }
}

/** SHA-256 of the DER, base64url. */
export function thumbprintOfCertificate({ fingerprint256 }: X509Certificate): string {
  return Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
}

/**
 * The certificates of a PEM file, in their order.
 * @throws Error for what is no certificate
 */
export function readCertificates(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.map(block => new X509Certificate(block))
}

/**
 * Node writes `URI:urn:a, DNS:b` and quotes as JSON every name that could be taken for more than one
 * (CVE-2021-44532).
 */
function urisIn(subjectAltName: string): readonly string[] {
  const names = subjectAltName.match(/(?:^|(?<=, ))[^:,"]+:(?:"(?:[^"\\]|\\.)*"|[^,]*)/g) ?? []
  return names.flatMap(name => {
    if (!name.startsWith('URI:')) return []
    const said = name.slice('URI:'.length)
    return said.startsWith('"') ? [String(JSON.parse(said))] : [said]
  })
}
