import { readFileSync } from 'node:fs'
import { readCertificates } from '../crypto/certificate.ts'
import { verifyJws } from '../crypto/jws.ts'
import { readKeySet, type TrustedKeys } from '../crypto/trusted-key.ts'
import { Failure, invalid } from '../model/failures.ts'
import { say } from '../model/text.ts'
import type { ImportTrust } from '../protocols/http/imports/parts.ts'
import { checkGrant, type GrantToken, parseGrant } from '../registry/imports/grant-token.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Config } from '../runtime/config.ts'
import type { LiveConfig } from './reload.ts'

/** Whose word counts as the top-level node's, as the configuration and its files say it now. */
export function followImportTrust(live: Pick<LiveConfig, 'follow'>): () => ImportTrust {
  return live.follow(readTrust)
}

/** The prefixes under which the world knows us, in manifests and grants. */
export function importTargets({ node, code }: Config): readonly string[] {
  return [node.prefix, code.prefix]
}

/** A grant, and the name of the key that signed it. */
export type VerifyGrant = (jws: string) => Promise<{ grant: GrantToken; signer: string }>

export function makeVerifyGrant(
  trust: () => Pick<ImportTrust, 'keys'>,
  targets: readonly string[],
  { now }: Pick<Clock, 'now'>,
): VerifyGrant {
  return async jws => {
    const verified = await verifyJws(jws, trust().keys)
    if (verified === 'form') throw noGrant()
    if (typeof verified === 'string') throw notSigned(verified)
    const grant = parseGrant(verified.payload)
    checkGrant(grant, { targets, now: new Date(now()) })
    return { grant, signer: verified.kid }
  }
}

/** @throws Error that says what of the files to mend */
function readTrust({ import: { ca, pins, uris, keys } }: Config): ImportTrust {
  return {
    authorities: ca === undefined ? [] : readAuthorities(ca),
    pins: new Set(pins),
    uris,
    keys: keys === undefined ? new Map() : readKeys(keys),
  }
}

function readAuthorities(file: string) {
  const found = readCertificates(readText('import.ca', file))
  if (found.length === 0) throw new Error(`import.ca: ${file} holds no certificate (PEM)`)
  return found
}

function readKeys(file: string): TrustedKeys {
  const read = readKeySet(readText('import.keys', file))
  if (!('fault' in read)) return read
  const { fault, position } = read
  const which = position === undefined ? 'the key set' : `key ${position + 1}`
  throw new Error(`import.keys: ${which} in ${file} is not taken: ${faults[fault]}`)
}

const faults = {
  json: 'it is no JSON of the form {"keys": […]}',
  tooMany: 'it has more than 100 keys',
  twice: 'another key has its kid',
  private: 'it holds a private key, which never leaves its owner: have it replaced',
  kind: 'it is not Ed25519, P-256, RSA or SM2',
  alg: 'its alg is not one of its kind: EdDSA, ES256, PS256, RS256, SM2SM3',
  use: 'its use is not sig',
  kid: 'its kid has not 1 to 128 characters',
  point: 'its numbers are no key',
  short: 'RSA keys have 2048 bits or more',
} as const

function readText(key: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Error(`${key}: ${file} cannot be read`, { cause })
  }
}

function noGrant(): Failure {
  const detail = say('不是紧凑形式的 JWS', 'it is no JWS in compact form')
  return invalid('/grant', 'grant.form', detail)
}

/** @param fault what of the signature does not hold, a short constant */
function notSigned(fault: string): Failure {
  const detail = say(
    `授权令的签名不成立（${fault}）：签名密钥须在 import.keys 中`,
    `the signature of the grant does not hold (${fault}): its key is one of import.keys`,
  )
  const errors = [{ pointer: '/grant', rule: `grant.signature.${fault}`, detail }]
  return new Failure('NOT_PERMITTED', detail, { errors })
}
