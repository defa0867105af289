import { timingSafeEqual } from 'node:crypto'
import { looksLikeJwt } from '../crypto/jwt.ts'
import { anyone, type Caller, type Role } from '../model/caller.ts'
import { Failure, invalid } from '../model/failures.ts'
import { say } from '../model/text.ts'
import type { AccessTokens } from './access-tokens.ts'
import { type ClientCache, type KnownClient, reasonAgainst } from './client-cache.ts'
import type { Client, PeerCertificate } from './parts.ts'

/** An API key taken apart. `text` is secret as a whole, `id` is not. */
export interface ApiKey {
  readonly id: string
  readonly text: string
}

/** Why a credential was refused: for the log, never for the caller, who always reads the same. */
export interface Refusal {
  readonly reason:
    | 'form'
    | 'unknown'
    | 'secret'
    | 'revoked'
    | 'expired'
    | 'address'
    /** An access token that is not ours, not meant for us, or past its time. */
    | 'token'
    /** Another certificate than the one a token is bound to or a client has, or one past its time. */
    | 'certificate'
    /** An assertion that no key of its client signed, or that breaks a rule. */
    | 'assertion'
    | 'replayed'
  /** The client's id where the credential had one. */
  readonly id?: string
}

/**
 * Says who asks: by an API key or an access token.
 * @param header the `Authorization` header; undefined without one, which is {@link anyone}
 * @param address the peer, as limits and logs see it
 * @param certificateOf the certificate of the connection; asked for where it matters only
 * @throws Failure `NOT_AUTHENTICATED`, the same for every {@link Refusal}; `STORE_AWAY`
 */
export type Authenticate = (
  header: string | undefined,
  address: string,
  nowMs: number,
  certificateOf: () => PeerCertificate | undefined,
) => Promise<Caller>

const secretBytes = 32

/**
 * Makes a key: `qxk_<8 hex digits>_<43 characters of base64url>`. It is shown once, to whom it is
 * made for.
 * Ids are short, so that two keys may get the same one: whoever stores it tries again then.
 * @param random gives that many random bytes
 */
export function makeApiKey(random: (byteCount: number) => Buffer): ApiKey {
  const id = random(4).toString('hex')
  return { id, text: `qxk_${id}_${random(secretBytes).toString('base64url')}` }
}

/** @returns undefined when the text has not the form of a key */
export function parseApiKey(text: string): ApiKey | undefined {
  const id = /^qxk_([0-9a-f]{8})_[\w-]{43}$/.exec(text)?.[1]
  return id === undefined ? undefined : { id, text }
}

/**
 * Which roles a new client may have: an API key is a secret that travels, so the top-level node proves itself by a
 * key or certificate of its own, and who decides over others is a person where it counts.
 * @throws Failure `INPUT_INVALID` `client.role` or `client.cidrs`
 */
export function demandRoleForClient(
  { role, cidrs, hasApiKey }: Pick<Client, 'role' | 'cidrs'> & { readonly hasApiKey: boolean },
  { production }: { readonly production: boolean },
): void {
  if (role === 'topnode' && hasApiKey) {
    const detail = say(
      '角色 topnode 不能使用 API 密钥：请登记公钥或证书',
      'the role topnode cannot have an API key: register a public key or a certificate',
    )
    throw invalid('/role', 'client.role', detail)
  }
  if (production && peopleOnly.includes(role)) {
    const detail = say(
      `角色 ${role} 须由个人账号担任`,
      `the role ${role} is for people, who have accounts`,
    )
    throw invalid('/role', 'client.role', detail)
  }
  if (production && role === 'operator' && cidrs.length === 0) {
    const detail = say(
      '运维方的凭证须限定来源网段',
      "an operator's credential must be bound to the networks it is used from",
    )
    throw invalid('/cidrs', 'client.cidrs', detail)
  }
}

/** In production these act as persons, with a second factor. */
const peopleOnly: readonly Role[] = ['reviewer', 'government']

/**
 * @param hash as `crypto/api-key-hash.ts` makes it
 * @param readToken what an access token says, where it is one of ours
 * @param onRefused told of every refused credential
 */
export function makeAuthenticate(parts: {
  readonly clients: Pick<ClientCache, 'find'>
  readonly hash: (apiKey: string) => Buffer
  readonly readToken: AccessTokens['read']
  readonly onRefused: (refusal: Refusal) => void
}): Authenticate {
  const { clients, hash, readToken, onRefused } = parts
  // An unknown id costs the same comparison as a known one, and nothing equals this.
  const hashOfNobody = hash('')

  function refuse(refusal: Refusal): Failure {
    onRefused(refusal)
    return new Failure('NOT_AUTHENTICATED')
  }

  async function byKey(key: ApiKey, address: string, nowMs: number): Promise<Caller> {
    const known = await clients.find(key.id, nowMs)
    const isKey = timingSafeEqual(hash(key.text), known?.client.hash ?? hashOfNobody)
    if (known === undefined) throw refuse({ reason: 'unknown', id: key.id })
    const reason = isKey ? reasonAgainst(known, address, nowMs) : 'secret'
    if (reason !== undefined) throw refuse({ reason, id: key.id })
    return callerOf(known)
  }

  /** The client is looked up all the same: its revocation ends its tokens at once. */
  async function byToken(
    token: string,
    address: string,
    nowMs: number,
    certificateOf: () => PeerCertificate | undefined,
  ): Promise<Caller> {
    const read = await readToken(token, nowMs)
    if (read === undefined) throw refuse({ reason: 'token' })
    const { clientId: id, thumbprint } = read
    // RFC 8705 §3: whoever stole it has not the certificate's key.
    if (thumbprint !== undefined && certificateOf()?.thumbprint !== thumbprint) {
      throw refuse({ reason: 'certificate', id })
    }
    const known = await clients.find(id, nowMs)
    if (known === undefined) throw refuse({ reason: 'unknown', id })
    const reason = reasonAgainst(known, address, nowMs)
    if (reason !== undefined) throw refuse({ reason, id })
    return callerOf(known)
  }

  return async function authenticate(header, address, nowMs, certificateOf) {
    if (header === undefined) return anyone
    const token = bearerToken(header) ?? ''
    const key = parseApiKey(token)
    if (key !== undefined) return byKey(key, address, nowMs)
    if (looksLikeJwt(token)) return byToken(token, address, nowMs, certificateOf)
    throw refuse({ reason: 'form' })
  }
}

function callerOf({ client: { id, role, subject, prefixes } }: KnownClient): Caller {
  return { id, role, subject, prefixes }
}

/** RFC 6750 §2.1; the scheme's name in any case (RFC 9110 §11.1). */
function bearerToken(header: string): string | undefined {
  return /^bearer +([^ ]+)$/i.exec(header)?.[1]
}
