import { webcrypto, X509Certificate } from 'node:crypto'
import { fromBER } from 'asn1js'
import {
  AlgorithmIdentifier,
  BasicConstraints,
  Certificate,
  ContentInfo,
  CryptoEngine,
  RSASSAPSSParams,
  SignedData,
  SignedDataVerifyError,
  type SignerInfo,
} from 'pkijs'
import { type CertificateFacts, factsOf } from './certificate.ts'

/**
 * Why a CMS signature is not believed: it is no detached signature of one signer; it uses an algorithm we do not take;
 * the signer's certificate leads to none of the authorities, was not valid, or is not for this; or it is not over
 * this content.
 */
export type CmsFault = 'form' | 'algorithm' | 'chain' | 'validity' | 'usage' | 'signature'

export interface CmsTrust {
  /** The only certificates that a signer's may lead to. */
  readonly authorities: readonly X509Certificate[]
  /** When every certificate on the way must be valid. */
  readonly at: Date
  /** The extended key usage that the signer's certificate must have; absent: any or none. */
  readonly usage?: string
}

/** The signer's certificate, and one or two authorities below the trusted one; a signature has some 10 KB. */
const certificatesMax = 8
const signatureBytesMax = 65_536
const rsaBitsMin = 2048

/** Object identifiers (RFC 5652, RFC 5754, RFC 4055). */
const oids = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  rsaPss: '1.2.840.113549.1.1.10',
  basicConstraints: '2.5.29.19',
} as const

/** SHA-256, SHA-384, SHA-512. */
const digests = [1, 2, 3].map(arc => `2.16.840.1.101.3.4.2.${arc}`)
/** Signatures that say their digest themselves: RSA PKCS#1 v1.5 and ECDSA over these. */
const signatures = [
  ...[11, 12, 13].map(arc => `1.2.840.113549.1.1.${arc}`),
  ...[2, 3, 4].map(arc => `1.2.840.10045.4.3.${arc}`),
]
/** RSA where the digest stands beside it. */
const rsaEncryption = '1.2.840.113549.1.1.1'

const engine = new CryptoEngine({ name: 'node', crypto: webcrypto })

/**
 * Verifies a detached CMS signature (RFC 5652 §5) over the content. Certificates that came with it are no more than
 * steps to an authority; revocation lists that came with it say nothing.
 * @param signed DER, or PEM as `openssl cms -outform PEM` writes it
 */
export async function verifyCms(
  signed: Buffer,
  content: Buffer,
  trust: CmsTrust,
): Promise<CertificateFacts | CmsFault> {
  const data = signed.length <= signatureBytesMax ? readSignedData(signed) : undefined
  const [signer, ...others] = data?.signerInfos ?? []
  const isDetached = data !== undefined && data.encapContentInfo.eContent === undefined
  if (!isDetached || signer === undefined || others.length > 0) return 'form'
  if (!isOurForm(data, signer)) return 'form'
  if (!isAllowed(data, signer)) return 'algorithm'
  const path = await verifiedPath(data, content, trust)
  if (typeof path === 'string') return path
  const [leaf] = path
  if (leaf === undefined || !isChain(path, trust)) return 'chain'
  const facts = factsOf(leaf)
  const isFor = trust.usage === undefined || facts.usages.includes(trust.usage)
  return isFor && !leaf.ca ? facts : 'usage'
}

function readSignedData(signed: Buffer): SignedData | undefined {
  try {
    const { contentType, content } = ContentInfo.fromBER(derOf(signed))
    return contentType === oids.signedData ? new SignedData({ schema: content }) : undefined
  } catch {
    return undefined
  }
}

function derOf(signed: Buffer): Buffer {
  const pem = /^-----BEGIN (CMS|PKCS7)-----([\sA-Za-z0-9+/=]+)-----END \1-----\s*$/.exec(
    signed.toString('latin1'),
  )
  return pem === null ? signed : Buffer.from(pem[2] ?? '', 'base64')
}

/**
 * Plain data, and signed attributes with its type and digest: without them what was signed as attributes could be shown
 * as content (RFC 5652 §11, the attack of RFC 9709).
 */
function isOurForm(data: SignedData, { signedAttrs }: SignerInfo): boolean {
  const attributes = signedAttrs?.attributes ?? []
  const only = (type: string) => {
    const found = attributes.filter(each => each.type === type)
    const values: readonly { valueBlock: { toString(): string } }[] = found[0]?.values ?? []
    return found.length === 1 && values.length === 1 ? values[0] : undefined
  }
  const certificates = data.certificates ?? []
  return (
    data.encapContentInfo.eContentType === oids.data &&
    only(oids.contentType)?.valueBlock.toString() === oids.data &&
    only(oids.messageDigest) !== undefined &&
    certificates.length > 0 &&
    certificates.length <= certificatesMax &&
    certificates.every(each => each instanceof Certificate)
  )
}

function isAllowed(data: SignedData, signer: SignerInfo): boolean {
  const { digestAlgorithm, signatureAlgorithm } = signer
  if (!digests.includes(digestAlgorithm.algorithmId)) return false
  const certificates = (data.certificates ?? []).filter(each => each instanceof Certificate)
  const isRsa = signatureAlgorithm.algorithmId === rsaEncryption
  return (
    (isRsa || isSignature(signatureAlgorithm)) &&
    certificates.every(each => isSignature(each.signatureAlgorithm))
  )
}

function isSignature({ algorithmId, algorithmParams }: AlgorithmIdentifier): boolean {
  if (signatures.includes(algorithmId)) return true
  if (algorithmId !== oids.rsaPss) return false
  try {
    const { hashAlgorithm, maskGenAlgorithm } = new RSASSAPSSParams({ schema: algorithmParams })
    const mask = new AlgorithmIdentifier({ schema: maskGenAlgorithm.algorithmParams })
    const maskDigest = mask.algorithmId
    return digests.includes(hashAlgorithm.algorithmId) && maskDigest === hashAlgorithm.algorithmId
  } catch {
    return false
  }
}

/** What pkijs makes of it: the way from the signer's certificate to an authority. */
async function verifiedPath(
  data: SignedData,
  content: Buffer,
  { authorities, at }: CmsTrust,
): Promise<readonly X509Certificate[] | CmsFault> {
  data.crls = []
  data.ocsps = []
  try {
    const { signatureVerified, certificatePath = [] } = await data.verify(
      {
        signer: 0,
        data: Uint8Array.from(content).buffer,
        trustedCerts: authorities.map(({ raw }) => Certificate.fromBER(raw)),
        checkDate: at,
        checkChain: true,
        extendedMode: true,
      },
      engine,
    )
    if (signatureVerified !== true) return 'signature'
    return certificatePath.map(each => new X509Certificate(Buffer.from(each.toSchema().toBER())))
  } catch (error) {
    const isOfChain =
      error instanceof SignedDataVerifyError && error.signerCertificateVerified === false
    if (!isOfChain) return 'signature'
    // Its only sign of this kind of refusal.
    return error.message.includes('expired') ? 'validity' : 'chain'
  }
}

/**
 * The same way, walked by OpenSSL: pkijs counts no path lengths and asks nothing of keys. It ends at one of the
 * authorities, byte for byte.
 */
function isChain(path: readonly X509Certificate[], { authorities }: CmsTrust): boolean {
  const last = path.at(-1)
  if (last === undefined || !authorities.some(({ raw }) => raw.equals(last.raw))) return false
  return path.every((certificate, depth) => {
    const bits = certificate.publicKey.asymmetricKeyDetails?.modulusLength ?? rsaBitsMin
    if (bits < rsaBitsMin) return false
    const issuer = path[depth + 1]
    if (issuer === undefined) return true
    return (
      issuer.ca &&
      certificate.checkIssued(issuer) &&
      certificate.verify(issuer.publicKey) &&
      depth <= pathLengthOf(issuer)
    )
  })
}

/** How many authorities may stand below this one on the way to a signer (RFC 5280 §4.2.1.9). */
function pathLengthOf({ raw }: X509Certificate): number {
  const { extensions = [] } = Certificate.fromBER(raw)
  const constraints = extensions.find(({ extnID }) => extnID === oids.basicConstraints)
  if (constraints === undefined) return 0
  const { result } = fromBER(constraints.extnValue.valueBlock.valueHexView)
  const { pathLenConstraint } = new BasicConstraints({ schema: result })
  return typeof pathLenConstraint === 'number' ? pathLenConstraint : Number.POSITIVE_INFINITY
}
