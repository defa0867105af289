import { Failure } from '../model/failures.ts'
import { type AccessTokens, accessTokenSeconds } from './access-tokens.ts'
import type { Refusal } from './api-keys.ts'
import { clientIdIn, readAssertion } from './client-assertion.ts'
import { type ClientCache, type KnownClient, reasonAgainst } from './client-cache.ts'
import type { PeerCertificate } from './parts.ts'

/** By what a machine proves which client it is: an assertion, or the certificate of its connection. */
export interface ClientProof {
  /** Its own word; needed where there is no assertion. */
  readonly clientId: string | undefined
  readonly assertion: string | undefined
  readonly certificate: PeerCertificate | undefined
}

export interface IssuedToken {
  readonly clientId: string
  readonly token: string
  readonly seconds: number
}

export interface TokenDesk {
  /**
   * Gives an access token to who proves itself (RFC 6749 §4.4). On a connection with one of the client's certificates
   * the token is bound to it.
   * @throws Failure `NOT_AUTHENTICATED`, the same for every {@link Refusal}; `STORE_AWAY`
   */
  issue(proof: ClientProof, address: string, nowMs: number): Promise<IssuedToken>
}

export interface TokenDeskParts {
  readonly clients: Pick<ClientCache, 'find'>
  readonly tokens: Pick<AccessTokens, 'issue'>
  /** Where assertions are to be sent: what they must be meant for. */
  readonly endpoint: () => string
  /** Remembers an assertion, in every process, until it has ended. @returns false when it was used before */
  readonly useOnce: (clientId: string, jti: string, endsAt: Date) => Promise<boolean>
  readonly onRefused: (refusal: Refusal) => void
}

export function makeTokenDesk(parts: TokenDeskParts): TokenDesk {
  const { clients, tokens, endpoint, useOnce, onRefused } = parts

  function refuse(reason: Refusal['reason'], id?: string): Failure {
    onRefused(id === undefined ? { reason } : { reason, id })
    return new Failure('NOT_AUTHENTICATED')
  }

  async function known(id: string | undefined, nowMs: number): Promise<KnownClient> {
    // Ids are eight hex digits: other texts do not reach the store.
    if (id === undefined || !/^[0-9a-f]{8}$/.test(id)) throw refuse('form')
    const found = await clients.find(id, nowMs)
    if (found === undefined) throw refuse('unknown', id)
    return found
  }

  async function byAssertion(
    assertion: string,
    { clientId }: ClientProof,
    nowMs: number,
  ): Promise<KnownClient> {
    const id = clientIdIn(assertion)
    if (clientId !== undefined && clientId !== id) throw refuse('form')
    const found = await known(id, nowMs)
    const read = await readAssertion(assertion, found.client, endpoint(), nowMs)
    if (read === undefined) throw refuse('assertion', found.client.id)
    const isFirst = await useOnce(found.client.id, read.jti, new Date(read.endsAtMs))
    if (!isFirst) throw refuse('replayed', found.client.id)
    return found
  }

  async function byCertificate(
    { clientId, certificate }: ClientProof,
    nowMs: number,
  ): Promise<KnownClient> {
    if (certificate === undefined) throw refuse('form')
    const found = await known(clientId, nowMs)
    const isTimely = certificate.validFromMs <= nowMs && nowMs < certificate.validToMs
    if (!isTimely || !isOf(found, certificate)) throw refuse('certificate', found.client.id)
    return found
  }

  return {
    async issue(proof, address, nowMs) {
      const { assertion, certificate } = proof
      const found = await (assertion === undefined
        ? byCertificate(proof, nowMs)
        : byAssertion(assertion, proof, nowMs))
      const { id } = found.client
      const reason = reasonAgainst(found, address, nowMs)
      if (reason !== undefined) throw refuse(reason, id)
      const isBound = certificate !== undefined && isOf(found, certificate)
      const token = await tokens.issue(id, isBound ? certificate.thumbprint : undefined, nowMs)
      return { clientId: id, token, seconds: accessTokenSeconds }
    },
  }
}

function isOf({ client }: KnownClient, { thumbprint }: PeerCertificate): boolean {
  return client.certificates.includes(thumbprint)
}
