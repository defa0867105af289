import { timingSafeEqual } from 'node:crypto'
import { anyone, type Caller, type Role } from '../model/caller.ts'
import { Failure, invalid } from '../model/failures.ts'
import { say } from '../model/text.ts'
import type { ClientCache, KnownClient } from './client-cache.ts'
import type { Client } from './parts.ts'

/** An API key taken apart. `text` is secret as a whole, `id` is not. */
export interface ApiKey {
  readonly id: string
  readonly text: string
}

/** Why a credential was refused: for the log, never for the caller, who always reads the same. */
export interface Refusal {
  readonly reason: 'form' | 'unknown' | 'secret' | 'revoked' | 'expired' | 'address'
  /** The key's id where it had one. */
  readonly id?: string
}

/**
 * Says who asks.
 * @param header the `Authorization` header; undefined without one, which is {@link anyone}
 * @param address the peer, as limits and logs see it
 * @throws Failure `NOT_AUTHENTICATED`, the same for every {@link Refusal}; `STORE_AWAY`
 */
export type Authenticate = (
  header: string | undefined,
  address: string,
  nowMs: number,
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
 * Which roles a new client may have: a key is a secret that travels, so what decides over others
 * is not done with one.
 * @throws Failure `INPUT_INVALID` `client.role` or `client.cidrs`
 */
export function demandRoleForKey(
  { role, cidrs }: Pick<Client, 'role' | 'cidrs'>,
  { production }: { readonly production: boolean },
): void {
  if (role === 'topnode' || (production && peopleOnly.includes(role))) {
    const detail = say(`角色 ${role} 不能使用 API 密钥`, `the role ${role} cannot have an API key`)
    throw invalid('/role', 'client.role', detail)
  }
  if (production && role === 'operator' && cidrs.length === 0) {
    const detail = say(
      '运维方的 API 密钥须限定来源网段',
      "an operator's API key must be bound to the networks it is used from",
    )
    throw invalid('/cidrs', 'client.cidrs', detail)
  }
}

/** In production these act as persons, with a second factor. */
const peopleOnly: readonly Role[] = ['reviewer', 'government']

/**
 * @param hash as `crypto/api-key-hash.ts` makes it
 * @param onRefused told of every refused credential
 */
export function makeAuthenticate(parts: {
  readonly clients: Pick<ClientCache, 'find'>
  readonly hash: (apiKey: string) => Buffer
  readonly onRefused: (refusal: Refusal) => void
}): Authenticate {
  const { clients, hash, onRefused } = parts
  // An unknown id costs the same comparison as a known one, and nothing equals this.
  const hashOfNobody = hash('')

  function refuse(refusal: Refusal): Failure {
    onRefused(refusal)
    return new Failure('NOT_AUTHENTICATED')
  }

  return async function authenticate(header, address, nowMs) {
    if (header === undefined) return anyone
    const key = parseApiKey(bearerToken(header) ?? '')
    if (key === undefined) throw refuse({ reason: 'form' })

    const known = await clients.find(key.id, nowMs)
    const isKey = timingSafeEqual(hash(key.text), known?.client.hash ?? hashOfNobody)
    if (known === undefined) throw refuse({ reason: 'unknown', id: key.id })
    const reason = isKey ? reasonAgainst(known, address, nowMs) : 'secret'
    if (reason !== undefined) throw refuse({ reason, id: key.id })

    const { id, role, subject, prefixes } = known.client
    return { id, role, subject, prefixes }
  }
}

/** RFC 6750 §2.1; the scheme's name in any case (RFC 9110 §11.1). */
function bearerToken(header: string): string | undefined {
  return /^bearer +([^ ]+)$/i.exec(header)?.[1]
}

function reasonAgainst(
  { client, networks }: KnownClient,
  address: string,
  nowMs: number,
): Refusal['reason'] | undefined {
  if (client.revokedAt !== null) return 'revoked'
  // Put so that an end which is no instant counts as past.
  if (client.until !== null && !(nowMs < Date.parse(client.until))) return 'expired'
  if (client.cidrs.length > 0 && !networks.has(address)) return 'address'
  return undefined
}
