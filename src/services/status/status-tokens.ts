import { signJwt } from '../../crypto/jwt.ts'
import type { SigningKeys } from '../../crypto/signing-keys.ts'
import { Failure } from '../../model/failures.ts'
import type { Subject } from '../../model/subject.ts'

/** What stands in the header of a status token, so that no other token of ours is taken for one. */
export const statusTokenType = 'qxm-status+jwt'

/** Long enough to be carried to who looks at it, short enough that a suspension is not argued with. */
export const statusTokenSeconds = 60

export interface StatusTokenParts {
  /** As they are at the moment. */
  readonly keys: () => SigningKeys
  /** The node, as the world sees it. */
  readonly issuer: () => string
  /** Whether the code stands for nobody real. */
  readonly isDemoCode: (code: string) => boolean
  /** Whether this process knows everything that was committed. */
  readonly isCurrent: () => boolean
}

/** What the node says of a code, signed: for who checks it later, or without a connection. */
export interface StatusTokens {
  /**
   * A JWS whose claims are `iss`, `code`, `status`, `successor`, `iat`, `exp`, `q` and, for a code of the demo, `demo`.
   * @param nonce the asker's, which makes the token an answer to this question and no other
   * @throws Failure `STORE_AWAY` while changes may have been missed: what may be untrue is not signed
   */
  sign(
    subject: Pick<Subject, 'code' | 'status' | 'successor'>,
    nonce: string | undefined,
    nowMs: number,
  ): Promise<string>
  /** The keys that tokens are verified with. */
  published: SigningKeys['published']
}

export function makeStatusTokens(parts: StatusTokenParts): StatusTokens {
  const { keys, issuer, isDemoCode, isCurrent } = parts
  return {
    async sign({ code, status, successor }, nonce, nowMs) {
      if (!isCurrent()) throw new Failure('STORE_AWAY')
      const iat = Math.floor(nowMs / 1000)
      const claims = {
        iss: issuer(),
        code,
        status,
        successor,
        iat,
        exp: iat + statusTokenSeconds,
        ...(nonce !== undefined && { q: nonce }),
        ...(isDemoCode(code) && { demo: true }),
      }
      return signJwt(claims, statusTokenType, keys().signer(nowMs))
    },

    published: nowMs => keys().published(nowMs),
  }
}
