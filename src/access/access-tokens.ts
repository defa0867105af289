import { peekJwt, signJwt, verifyJwt } from '../crypto/jwt.ts'
import type { SigningKeys } from '../crypto/signing-keys.ts'

/** What an access token of ours says. */
export interface ReadToken {
  readonly clientId: string
  /** The certificate it is bound to (RFC 8705 §3.1). */
  readonly thumbprint: string | undefined
}

/** Tokens for five minutes, as RFC 9068 writes them; only this node's processes take them. */
export interface AccessTokens {
  /** @param thumbprint the certificate without which the token is worth nothing */
  issue(clientId: string, thumbprint: string | undefined, nowMs: number): Promise<string>
  /** @returns undefined for what is not ours, not for us, or past its time */
  read(token: string, nowMs: number): Promise<ReadToken | undefined>
}

export interface AccessTokenParts {
  /** As they are at the moment. */
  readonly keys: () => SigningKeys
  /** Who issues and who takes them: this node, as the world sees it. */
  readonly issuer: () => string
  /** A text that no two tokens share. */
  readonly makeId: () => string
}

export const accessTokenSeconds = 300

/** One of ours has half of this. */
const tokenCharactersMax = 2_048

const typ = 'at+jwt'

export function makeAccessTokens({ keys, issuer, makeId }: AccessTokenParts): AccessTokens {
  return {
    issue(clientId, thumbprint, nowMs) {
      const iat = Math.floor(nowMs / 1000)
      const claims = {
        iss: issuer(),
        aud: issuer(),
        sub: clientId,
        client_id: clientId,
        iat,
        exp: iat + accessTokenSeconds,
        jti: makeId(),
        ...(thumbprint !== undefined && { cnf: { 'x5t#S256': thumbprint } }),
      }
      return signJwt(claims, typ, keys().signer(nowMs))
    },

    async read(token, nowMs) {
      const peek = token.length <= tokenCharactersMax ? peekJwt(token) : undefined
      if (peek?.typ !== typ || typeof peek.kid !== 'string') return undefined
      const key = keys().find(peek.kid)
      const claims = key && (await verifyJwt(token, key))
      if (claims === undefined) return undefined
      const { iss, aud, sub, exp } = claims
      // Our own clocks wrote and read `exp`: nothing is added for them, because whoever renews does so before the end.
      const isOurs = iss === issuer() && aud === issuer() && typeof sub === 'string'
      if (!isOurs || typeof exp !== 'number' || nowMs >= exp * 1000) return undefined
      return { clientId: sub, thumbprint: thumbprintIn(claims['cnf']) }
    },
  }
}

function thumbprintIn(cnf: unknown): string | undefined {
  const found = (cnf as { readonly 'x5t#S256'?: unknown } | undefined)?.['x5t#S256']
  return typeof found === 'string' ? found : undefined
}
