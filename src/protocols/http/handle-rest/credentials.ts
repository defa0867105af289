import { createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import type { Reference } from '../../../model/value.ts'
import { pbkdf2IterationsMax } from '../../handle/bodies/secret-answer.ts'
import { parseKeyName } from '../../handle/identity/prove.ts'
import { verifySignature } from '../../handle/identity/verify-key.ts'
import { Refusal } from '../../handle/refusal.ts'
import { responseCodes } from '../../handle/response-codes.ts'
import { isSm2, spkiOfPublicKey } from '../../handle/values/pem-key.ts'
import { publicKeyOf, valueDataBytes } from '../../handle/values/value-data.ts'
import type { RestParts } from './parts.ts'
import type { Session, Sessions } from './sessions.ts'

const derive = promisify(pbkdf2)

/** The fields of `Authorization: Handle`, which the bodies of sessions have too. */
export type Fields = ReadonlyMap<string, string>

/** Who sends a request. `refused` is a credential that is wrong: it is answered with 401 whatever was asked. */
export type Asker =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'known'; readonly identity: Reference; readonly session?: Session }
  | { readonly kind: 'refused'; readonly session?: Session; readonly error: string }

/** Reads credentials; who calls it has seen that they came over TLS. */
export interface Credentials {
  askerOf(request: IncomingMessage): Promise<Asker>
  /** Proves an identity to a session by the fields. @throws Refusal */
  proveTo(session: Session, fields: Fields, request: IncomingMessage): Promise<Reference>
}

export function makeCredentials(
  { prover, settings, addressOf }: Pick<RestParts, 'prover' | 'settings' | 'addressOf'>,
  sessions: Sessions,
): Credentials {
  async function proveTo(
    session: Session,
    fields: Fields,
    request: IncomingMessage,
  ): Promise<Reference> {
    if (fields.get('clientCert') === 'true') {
      const identity = await byCertificate(request)
      if (identity === undefined) throw new Refusal(responseCodes.AUTHENTICATION_FAILED)
      sessions.prove(session, identity)
      return identity
    }
    const proof = readProof(fields)
    const nonce = sessions.nonceOf(session)
    if (nonce === undefined) throw new Refusal(responseCodes.AUTHEN_TIMEOUT, 'the nonce is too old')
    const challenged = Buffer.concat([nonce, proof.cnonce])
    const identity = await prover.proveBy(proof.key, proof.type, addressOf(request), ({ data }) => {
      if (proof.type === 'HS_SECKEY') return isMac(valueDataBytes(data), challenged, proof)
      const key = publicKeyOf(data)
      const modern = { challenged, user: proof.key.handle, legacyDigests: settings.legacyDigests }
      if (key === undefined) return false
      return prover.verifyInTurn(key, () =>
        verifySignature(key, hashOf(proof.alg), proof.signature, modern),
      )
    })
    // Who was faster with the same nonce has used it up.
    if (session.nonce !== nonce) throw new Refusal(responseCodes.AUTHENTICATION_FAILED)
    sessions.prove(session, identity)
    return identity
  }

  async function byBasic(encoded: string, request: IncomingMessage): Promise<Asker> {
    const text = Buffer.from(encoded, 'base64').toString()
    const colon = text.indexOf(':')
    const key = colon < 0 ? undefined : decodeKeyName(text.slice(0, colon))
    if (key === undefined) return { kind: 'refused', error: 'not a Basic credential' }
    const password = text.slice(colon + 1)
    const identity = await prover.provePassword(key, password, addressOf(request))
    return { kind: 'known', identity }
  }

  async function byFields(fields: Fields, request: IncomingMessage): Promise<Asker> {
    if ((fields.get('version') ?? '0') !== '0') return { kind: 'refused', error: 'unknown version' }
    const id = fields.get('sessionId')
    if (id === undefined && asksForOwnProof(fields)) return { kind: 'anyone' }
    if (id === undefined && fields.get('clientCert') === 'true') {
      const identity = await byCertificate(request)
      return identity === undefined
        ? { kind: 'refused', error: 'no client certificate that names a key' }
        : { kind: 'known', identity }
    }
    const session = id === undefined ? undefined : sessions.find(id)
    if (session === undefined) return { kind: 'refused', error: 'unknown session' }
    if (fields.has('id') || fields.get('clientCert') === 'true') {
      try {
        return { kind: 'known', session, identity: await proveTo(session, fields, request) }
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return { kind: 'refused', session, error: error.message || 'authentication failed' }
      }
    }
    return session.identity === undefined
      ? { kind: 'anyone' }
      : { kind: 'known', session, identity: session.identity }
  }

  /** The key of a certificate must be the one its subject names. */
  async function byCertificate(request: IncomingMessage): Promise<Reference | undefined> {
    const certificate = certificateOf(request)
    if (certificate === undefined) return undefined
    const { name, spki } = certificate
    return prover.proveBy(name, 'HS_PUBKEY', addressOf(request), ({ data }) => {
      const key = publicKeyOf(data)
      const isKnownKind = key !== undefined && (key.kty === 'RSA' || isSm2(key))
      return isKnownKind && spkiOfPublicKey(key).equals(spki)
    })
  }

  return {
    proveTo,
    async askerOf(request) {
      const [scheme = '', ...rest] = (request.headers.authorization ?? '').split(' ')
      const text = rest.join(' ').trim()
      try {
        switch (scheme.toLowerCase()) {
          case 'basic':
            return await byBasic(text, request)
          case 'handle':
            return await byFields(parseFields(text), request)
          case '': {
            const identity = await byCertificate(request)
            return identity === undefined ? { kind: 'anyone' } : { kind: 'known', identity }
          }
          default:
            return { kind: 'refused', error: 'unknown scheme' }
        }
      } catch (error) {
        const isWrong =
          error instanceof Refusal && error.responseCode === responseCodes.AUTHENTICATION_FAILED
        if (isWrong) return { kind: 'refused', error: 'authentication failed' }
        throw error
      }
    },
  }
}

/** Whether these fields prove nothing and ask the server to prove itself: a nonce to sign, and no key of their own. */
export function asksForOwnProof(fields: Fields): boolean {
  return fields.has('cnonce') && !fields.has('id') && fields.get('clientCert') !== 'true'
}

/** `name="value"`, separated by commas; a value without quotes is read too. */
export function parseFields(text: string): Fields {
  const fields = new Map<string, string>()
  for (const [, name = '', quoted, bare] of text.matchAll(fieldPattern)) {
    fields.set(name, quoted ?? bare ?? '')
  }
  return fields
}

const fieldPattern = /(?:^|,)\s*([A-Za-z]+)\s*=\s*(?:"([^"]*)"|([^\s,"]*))\s*(?=,|$)/g

interface Proof {
  readonly key: Reference
  readonly type: 'HS_PUBKEY' | 'HS_SECKEY'
  /** Without punctuation and in capitals. */
  readonly alg: string
  readonly cnonce: Buffer
  readonly signature: Buffer
  readonly salt: Buffer
  readonly iterations: number
  readonly keyBits: number
}

function readProof(fields: Fields): Proof {
  const key = decodeKeyName(fields.get('id') ?? '')
  const type = fields.get('type')
  const missing = ['cnonce', 'type', 'alg', 'signature'].some(name => !fields.has(name))
  if (key === undefined || missing)
    throw new Refusal(responseCodes.PROTOCOL_ERROR, 'missing fields')
  if (type !== 'HS_PUBKEY' && type !== 'HS_SECKEY') {
    throw new Refusal(responseCodes.PROTOCOL_ERROR, 'unknown type')
  }
  const bytes = (name: string) => Buffer.from(fields.get(name) ?? '', 'base64')
  return {
    key,
    type,
    alg: (fields.get('alg') ?? '').toUpperCase().replace(/[^A-Z0-9]/g, ''),
    cnonce: bytes('cnonce'),
    signature: bytes('signature'),
    salt: bytes('salt'),
    iterations: Number(fields.get('iterations') ?? 0),
    keyBits: Number(fields.get('length') ?? 0),
  }
}

/** The colon of `index:handle` must be encoded in Basic, and may be elsewhere. */
function decodeKeyName(text: string): Reference | undefined {
  try {
    const name = decodeURIComponent(text)
    return name === '' ? undefined : parseKeyName(name)
  } catch {
    return undefined
  }
}

function hashOf(alg: string): 'SHA-256' | 'SHA-1' | 'MD5' | 'SM3' | undefined {
  return signatureHashes.get(alg)
}

const signatureHashes: ReadonlyMap<string, 'SHA-256' | 'SHA-1' | 'MD5' | 'SM3'> = new Map([
  ['SHA256', 'SHA-256'],
  ['SHA2', 'SHA-256'],
  ['SHA1', 'SHA-1'],
  ['SHA', 'SHA-1'],
  ['MD5', 'MD5'],
  ['SM3', 'SM3'],
])

const keyBitsMax = 512

/** Digests with the secret around them are not taken here: every client of this API has HMAC. */
async function isMac(secret: Buffer, challenged: Buffer, proof: Proof): Promise<boolean> {
  const expected = await macOf(secret, challenged, proof)
  const { signature } = proof
  return expected?.length === signature.length && timingSafeEqual(expected, signature)
}

async function macOf(
  secret: Buffer,
  challenged: Buffer,
  proof: Proof,
): Promise<Buffer | undefined> {
  const { alg, salt, iterations, keyBits } = proof
  switch (alg) {
    case 'HMACSHA256':
      return createHmac('sha256', secret).update(challenged).digest()
    case 'HMACSHA1':
      return createHmac('sha1', secret).update(challenged).digest()
    case 'PBKDF2HMACSHA1':
    case 'PBKDF2WITHHMACSHA1': {
      const isBounded =
        iterations >= 1 &&
        iterations <= pbkdf2IterationsMax &&
        keyBits >= 8 &&
        keyBits <= keyBitsMax &&
        keyBits % 8 === 0
      if (!isBounded) return undefined
      const key = await derive(secret, salt, iterations, keyBits / 8, 'sha1')
      return createHmac('sha1', key).update(challenged).digest()
    }
    default:
      return undefined
  }
}

/** A client's certificate whose subject names a key: UID, else CN. */
function certificateOf({ socket }: IncomingMessage): { name: Reference; spki: Buffer } | undefined {
  if (!('getPeerCertificate' in socket)) return undefined
  const certificate = (socket as TLSSocket).getPeerCertificate()
  const subject = certificate?.subject as { UID?: string; CN?: string } | undefined
  const text = subject?.UID ?? subject?.CN
  if (typeof text !== 'string' || !/^\d{1,10}:.+\/.+/su.test(text)) return undefined
  const { pubkey } = certificate
  return pubkey === undefined ? undefined : { name: parseKeyName(text), spki: pubkey }
}
