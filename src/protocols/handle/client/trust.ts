import { createHash, createPublicKey, verify } from 'node:crypto'
import { isSm2Signature } from '../../../crypto/sm2.ts'
import { foldAscii } from '../../../model/identifier.ts'
import type { PublicJwk, Reference, Value } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { digestedValueBytes } from '../values/handle-value.ts'
import { parseTrustToken, type TrustToken } from '../values/trust-token.ts'
import { textOf } from '../values/value-data.ts'

/** Where all certificates have to lead: a key that was configured, not resolved. */
export interface TrustRoot {
  /** `0.0/0.0` of Handle.Net, `88.111.1/0.0` of the national tier. */
  readonly handle: string
  readonly key: PublicJwk
}

export type Verdict = 'proven' | 'unproven' | 'refuted'

export interface TrustParts {
  readonly root: TrustRoot
  /** The values of a handle that holds certificates; empty where they cannot be had. */
  readonly findValues: (handle: string) => Promise<readonly Value[]>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Certificates on the way to the root, as in Handle.Net's; each may cost a look-up. */
const linksMax = 50
/** Signatures looked at in one record. */
const signaturesMax = 4
const digestNames: Readonly<Record<string, string>> = { 'SHA-256': 'sha256', SM3: 'sm3' }
const rsaHashes: Readonly<Record<string, string>> = {
  RS256: 'sha256',
  RS384: 'sha384',
  RS512: 'sha512',
}

/**
 * Judges a record by its HS_SIGNATURE values. Proven: one covers every value, and certificates lead from its signer to
 * the root. Refuted: one says something else than the record does, or was not made by the key it names. Everything
 * short of both, such as an unknown algorithm, a value that is not covered or a certificate out of date, is unproven.
 */
export function makeJudge(
  parts: TrustParts,
): (handle: string, values: readonly Value[]) => Promise<Verdict> {
  return async function judge(handle, values) {
    const verdicts: Verdict[] = []
    for (const token of tokensIn(values, 'HS_SIGNATURE').slice(0, signaturesMax)) {
      verdicts.push(await judgeSignature(parts, token, handle, values))
    }
    if (verdicts.includes('refuted')) return 'refuted'
    return verdicts.includes('proven') ? 'proven' : 'unproven'
  }
}

async function judgeSignature(
  parts: TrustParts,
  token: TrustToken,
  handle: string,
  values: readonly Value[],
): Promise<Verdict> {
  if (!isSame(token.subject, handle)) return 'refuted'
  const content = judgeContent(token, values)
  return content === 'proven' ? judgeChain(parts, token, handle) : content
}

/** Whether what was signed is what is there. */
function judgeContent({ digests }: TrustToken, values: readonly Value[]): Verdict {
  const algorithm = digestNames[digests?.alg ?? '']
  if (digests === undefined || algorithm === undefined) return 'unproven'
  const signed = new Map(digests.digests.map(({ index, digest }) => [index, digest]))
  const covered = values.filter(({ type }) => !isOfType(type, 'HS_SIGNATURE'))
  for (const value of covered) {
    const digest = signed.get(value.index)
    if (digest === undefined) return 'unproven'
    const found = createHash(algorithm).update(digestedValueBytes(value)).digest('base64')
    if (found !== digest) return 'refuted'
  }
  return covered.length === signed.size ? 'proven' : 'unproven'
}

/** From the signer, certificate by certificate, to one that certifies itself and is the root's. */
async function judgeChain(parts: TrustParts, token: TrustToken, handle: string): Promise<Verdict> {
  const { root, now } = parts
  const seen = new Set<string>()
  let child = token
  for (let link = 1; link <= linksMax; link++) {
    if (!isInForce(child, now() / 1000)) return 'unproven'
    const name = nameOf(child.issuer)
    const certificate = seen.has(name) ? undefined : await findCertificate(parts, child)
    seen.add(name)
    if (certificate?.publicKey === undefined || !isSame(certificate.subject, name)) {
      return 'unproven'
    }
    const isSigned = isSignedWith(certificate.publicKey, child)
    if (isSigned !== true) return isSigned === undefined ? 'unproven' : 'refuted'
    if (!isInForce(certificate, now() / 1000) || !covers(certificate, handle)) return 'unproven'
    if (isSame(nameOf(certificate.issuer), certificate.subject)) {
      const isRoot =
        isSame(certificate.issuer.handle, root.handle) && isSameKey(certificate.publicKey, root.key)
      return isRoot && isSignedWith(root.key, certificate) === true ? 'proven' : 'unproven'
    }
    child = certificate
  }
  return 'unproven'
}

/** The certificate of a token's issuer: the one its chain begins with, else the newest in the issuer's own record. */
async function findCertificate(
  { findValues }: TrustParts,
  { issuer, chain: [place] }: TrustToken,
): Promise<TrustToken | undefined> {
  const values = await findValues((place ?? issuer).handle)
  const candidates =
    place === undefined || place.index === 0
      ? values
      : values.filter(({ index }) => index === place.index)
  const name = nameOf(issuer)
  return tokensIn(candidates, 'HS_CERT')
    .filter(({ subject }) => isSame(subject, name))
    .reduce<TrustToken | undefined>((newest, each) => {
      return newest === undefined || (each.issuedAt ?? 0) > (newest.issuedAt ?? 0) ? each : newest
    }, undefined)
}

/** @returns undefined for an algorithm that we do not know, or that is not the key's */
function isSignedWith(key: PublicJwk, { alg, signed, signature }: TrustToken): boolean | undefined {
  const hash = rsaHashes[alg]
  if (hash !== undefined && key.kty === 'RSA') return isRsaSignature(key, hash, signed, signature)
  const isSm2 = alg === 'SM2256' || alg === 'SM2SM3'
  if (!isSm2 || key['crv'] !== 'SM2') return undefined
  return isSm2Signature(key, signed, signature, { form: 'der' })
}

function isRsaSignature(key: PublicJwk, hash: string, signed: Buffer, signature: Buffer): boolean {
  try {
    return verify(hash, signed, createPublicKey({ key, format: 'jwk' }), signature)
  } catch {
    // Numbers that are no key: nothing was signed with it.
    return false
  }
}

function isInForce({ notBefore = 0, expires }: TrustToken, nowSeconds: number): boolean {
  return notBefore <= nowSeconds && (expires === undefined || nowSeconds < expires)
}

/** What the certified key may sign, by the names that Handle.Net and the national SDKs write. */
function covers({ perms = [] }: TrustToken, handle: string): boolean {
  const asked = foldAscii(handle)
  return perms.some(({ handle: allowed, perm }) => {
    const over = foldAscii(allowed ?? '')
    switch (perm) {
      case 'everything':
        return true
      case 'thisHandle':
        return asked === over
      case 'derivedPrefixes':
        return over.startsWith('0.na/') && asked.startsWith(`${over}.`)
      case 'handlesUnderThisPrefix':
        return over.startsWith('0.na/') && asked.startsWith(`${over.slice('0.na/'.length)}/`)
      default:
        return false
    }
  })
}

/** What cannot be read proves nothing. */
function tokensIn(values: readonly Value[], type: string): readonly TrustToken[] {
  return values
    .filter(value => isOfType(value.type, type))
    .map(({ data }) => tryParse(textOf(data)))
    .filter(token => token !== undefined)
}

function tryParse(text: string | undefined): TrustToken | undefined {
  if (text === undefined) return undefined
  try {
    return parseTrustToken(text)
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}

function isOfType(type: string, wanted: string): boolean {
  return type.toUpperCase() === wanted
}

function nameOf({ index, handle }: Reference): string {
  return `${index}:${handle}`
}

function isSame(one: string, other: string): boolean {
  return foldAscii(one) === foldAscii(other)
}

function isSameKey(one: PublicJwk, other: PublicJwk): boolean {
  return ['kty', 'crv', 'n', 'e', 'x', 'y'].every(member => one[member] === other[member])
}
