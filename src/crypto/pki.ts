import assert from 'node:assert/strict'
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  privateEncrypt,
  randomBytes,
  X509Certificate,
} from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import forge from 'node-forge'
import { readRequest } from './certificate-request.ts'

/**
 * Certificates for a small installation and for tests: an authority of its own, and what mutual TLS needs under it.
 * RSA, because that is what the library knows; other keys come from the operator's own authority. It only issues:
 * what anybody shows is verified by `node:crypto` and `cms.ts`.
 */

/** PEM. */
export interface Issued {
  readonly certificate: string
  /** PKCS#8, not enciphered. */
  readonly key: string
}

export type CertificateKind = 'server' | 'client'

/** Whom a certificate names. */
export interface Named {
  /** The common name. */
  readonly name: string
  /** DNS names and addresses. */
  readonly hosts?: readonly string[]
  readonly uris?: readonly string[]
}

export interface Issuing {
  readonly now: Date
  readonly days: number
}

export interface KeySize {
  /** Of the modulus. */
  readonly bits?: number
}

/** What NIST SP 800-57 gives until 2030 and beyond. */
const bitsDefault = 3072
const dayMs = 86_400_000
/** Clocks of those who are shown a new certificate may be behind. */
const backMs = 5 * 60_000
const serialBytes = 16

const generate = promisify(generateKeyPair)

/** A self-signed authority that may sign certificates and no further authority. */
export async function makeAuthority({
  name,
  now,
  days,
  bits = bitsDefault,
}: Pick<Named, 'name'> & Issuing & KeySize): Promise<Issued> {
  const key = await makeKey(bits)
  const certificate = draft(publicOf(key), now, now.getTime() + days * dayMs)
  const subject = subjectOf(name)
  certificate.setSubject(subject)
  certificate.setIssuer(subject)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ])
  certificate.sign(signerOf(key), forge.md.sha256.create())
  return { certificate: forge.pki.certificateToPem(certificate), key }
}

/** A certificate and its new key. */
export async function issue(
  authority: Issued,
  kind: CertificateKind,
  { bits = bitsDefault, ...more }: Named & Issuing & KeySize,
): Promise<Issued> {
  const key = await makeKey(bits)
  return { certificate: certify(authority, kind, publicOf(key), more), key }
}

/** A request for a certificate, and the key that stays where it was made. */
export async function makeRequest({
  bits = bitsDefault,
  ...named
}: Named & KeySize): Promise<{ readonly request: string; readonly key: string }> {
  const key = await makeKey(bits)
  const request = forge.pki.createCertificationRequest()
  request.publicKey = publicOf(key)
  request.setSubject(subjectOf(named.name))
  const altNames = altNamesOf(named)
  if (altNames.length > 0) {
    const extensions = [{ name: 'subjectAltName', altNames }]
    request.setAttributes([{ name: 'extensionRequest', extensions }])
  }
  request.sign(signerOf(key), forge.md.sha256.create())
  return { request: forge.pki.certificationRequestToPem(request), key }
}

/**
 * A certificate for who made the request, with the names it asks for.
 * @returns undefined where the request is none, is not signed with its own key, or that key is not RSA
 */
export async function signRequest(
  authority: Issued,
  kind: CertificateKind,
  request: string,
  issuing: Issuing,
): Promise<{ readonly certificate: string; readonly named: Named } | undefined> {
  const read = await readRequest(request)
  if (read === undefined) return undefined
  const { publicKey, ...named } = read
  const key = forge.pki.publicKeyFromPem(publicKey)
  return { certificate: certify(authority, kind, key, { ...named, ...issuing }), named }
}

/** Letters outside ASCII become other bytes in every program. */
export const isPkcs12Password = (text: string): boolean => /^[\x20-\x7e]{8,128}$/.test(text)

/**
 * A certificate with its key and its authority's certificate as one file (RFC 7292), enciphered by AES-256.
 * @param password as {@link isPkcs12Password} demands
 */
export function makePkcs12(
  { certificate, key }: Issued,
  authorities: readonly string[],
  password: string,
  name: string,
): Buffer {
  assert.ok(isPkcs12Password(password))
  const chain = [certificate, ...authorities].map(pem => forge.pki.certificateFromPem(pem))
  const asn1 = forge.pkcs12.toPkcs12Asn1(forge.pki.privateKeyFromPem(key), chain, password, {
    algorithm: 'aes256',
    count: pkcs12Rounds,
    friendlyName: name,
  })
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1')
}

/** For the key PBKDF2, for the seal of the whole the older way of PKCS#12: half a second, once. */
const pkcs12Rounds = 20_000

function certify(
  authority: Issued,
  kind: CertificateKind,
  publicKey: forge.pki.rsa.PublicKey,
  { now, days, ...named }: Named & Issuing,
): string {
  const issuer = forge.pki.certificateFromPem(authority.certificate)
  // What outlives its authority leads nowhere.
  const endMs = Math.min(now.getTime() + days * dayMs, issuer.validity.notAfter.getTime())
  const certificate = draft(publicKey, now, endMs)
  certificate.setSubject(subjectOf(named.name))
  certificate.setIssuer(issuer.subject.attributes.map(asRead))
  const altNames = altNamesOf(named)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    {
      name: 'keyUsage',
      digitalSignature: true,
      keyEncipherment: kind === 'server',
      critical: true,
    },
    { name: 'extKeyUsage', serverAuth: kind === 'server', clientAuth: kind === 'client' },
    { name: 'subjectKeyIdentifier' },
    {
      name: 'authorityKeyIdentifier',
      keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes(),
    },
    ...(altNames.length > 0 ? [{ name: 'subjectAltName', altNames }] : []),
  ])
  certificate.sign(signerOf(authority.key), forge.md.sha256.create())
  return forge.pki.certificateToPem(certificate)
}

/** Beside the event loop. */
async function makeKey(bits: number): Promise<string> {
  const { privateKey } = await generate('rsa', { modulusLength: bits })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function publicOf(key: string): forge.pki.rsa.PublicKey {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'pem' })
  return forge.pki.publicKeyFromPem(spki.toString())
}

/** Signs what the library digests by OpenSSL: the library's own arithmetic takes a hundred times longer, and tells by how long. */
function signerOf(key: string): forge.pki.rsa.PrivateKey {
  const own = { key: createPrivateKey(key), padding: constants.RSA_PKCS1_PADDING }
  const sign = (digest: forge.md.MessageDigest) => {
    const bytes = Buffer.from(digest.digest().getBytes(), 'latin1')
    return privateEncrypt(own, Buffer.concat([sha256Info, bytes])).toString('latin1')
  }
  // All that is asked of it.
  return { sign } as forge.pki.rsa.PrivateKey
}

/** What stands before a SHA-256 in a PKCS#1 signature (RFC 8017 §9.2, note 1). */
const sha256Info = Buffer.from('3031300d060960864801650304020105000420', 'hex')

function draft(
  publicKey: forge.pki.rsa.PublicKey,
  now: Date,
  endMs: number,
): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = publicKey
  certificate.serialNumber = makeSerial()
  certificate.validity.notBefore = new Date(now.getTime() - backMs)
  certificate.validity.notAfter = new Date(endMs)
  return certificate
}

/** RFC 5280 §4.1.2.2: positive, at most 20 bytes; the first bits keep its length the same. */
function makeSerial(): string {
  const bytes = randomBytes(serialBytes)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

function subjectOf(name: string): forge.pki.CertificateField[] {
  // The types want a class of tags where the library wants a tag.
  const valueTagClass = forge.asn1.Type.UTF8 as unknown as forge.asn1.Class
  return [{ name: 'commonName', value: name, valueTagClass }]
}

/** What the library has read it would encode once more. */
function asRead(attribute: forge.pki.CertificateField): forge.pki.CertificateField {
  const isText = Number(attribute.valueTagClass) === Number(forge.asn1.Type.UTF8)
  return isText
    ? { ...attribute, value: forge.util.decodeUtf8(String(attribute.value)) }
    : attribute
}

function altNamesOf({ hosts = [], uris = [] }: Named): object[] {
  return [
    ...hosts.map(host => (isIP(host) ? { type: 7, ip: host } : { type: 2, value: host })),
    ...uris.map(value => ({ type: 6, value })),
  ]
}

/** Whether the key is RSA and that of the certificate: files are easily mixed up. */
export function belongTogether({ certificate, key }: Issued): boolean {
  try {
    const own = createPrivateKey(key)
    return own.asymmetricKeyType === 'rsa' && new X509Certificate(certificate).checkPrivateKey(own)
  } catch {
    return false
  }
}
