import { timingSafeEqual } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { PublicJwk, Reference, Value } from '../../../model/value.ts'
import type { ChallengeAnswer } from '../bodies/challenge-answer.ts'
import type { HandleParts } from '../parts.ts'
import type { OwnRecords } from '../records.ts'
import { Refusal } from '../refusal.ts'
import { responseCodes } from '../response-codes.ts'
import { isSm2 } from '../values/pem-key.ts'
import { publicKeyOf, valueDataBytes } from '../values/value-data.ts'
import { type KeyProof, verifyKeyProof } from './verify-key.ts'
import { verifySecretProof } from './verify-secret.ts'

/** Failed proofs of one address a second, averaged; a burst of as many is free. */
const failedProofsPerSecond = 5

/** Keys tried for an answer that names none (index 0). */
const keysTriedMax = 16

export interface Prover {
  /**
   * Whose key answered the challenge. The same refusal for a wrong answer, an unknown key and an unknown
   * handle.
   * @throws Refusal AUTHENTICATION_FAILED, SERVER_TOO_BUSY for an address that fails too often
   */
  proveAnswer(answer: ChallengeAnswer, challenged: Buffer, address: string): Promise<Reference>
  /** Whether a secret made this answer (operation 201). */
  isSecretAnswer(
    key: Reference,
    challenged: Buffer,
    signedResponse: Buffer,
    address: string,
  ): Promise<boolean>
  /** Whose secret this is. @throws as `proveAnswer` */
  provePassword(key: Reference, password: string, address: string): Promise<Reference>
  /**
   * Whether a signature that this key should have made is right. Those of SM2 take their turn, and what came meanwhile
   * is answered between two of them.
   * @throws Failure `OVERLOADED` when too many wait
   */
  verifyInTurn(key: PublicJwk, verify: () => boolean): boolean | Promise<boolean>
  /** The first of these keys that passes. @throws as `proveAnswer` */
  proveBy(
    key: Reference,
    type: 'HS_PUBKEY' | 'HS_SECKEY',
    address: string,
    passes: (value: Value) => boolean | Promise<boolean>,
  ): Promise<Reference>
}

/** Keys are values of our own records. */
export function makeProver(
  { settings, failedProofs, sm2Gate, clock, isExempt }: HandleParts,
  records: OwnRecords,
): Prover {
  const { legacyDigests } = settings

  async function proveBy(
    key: Reference,
    type: string,
    address: string,
    passes: (value: Value) => boolean | Promise<boolean>,
  ): Promise<Reference> {
    const isCounted = !isExempt(address)
    const now = clock.monotonicMs()
    if (isCounted && failedProofs.wait(address, failedProofsPerSecond, now) > 0) {
      throw new Refusal(responseCodes.SERVER_TOO_BUSY)
    }
    const record = await records.read(key.handle)
    const keys = (record?.values ?? [])
      .filter(value => value.type.toUpperCase() === type)
      .filter(({ index }) => key.index === 0 || index === key.index)
    for (const value of keys.slice(0, keysTriedMax)) {
      if (record !== undefined && (await passes(value))) {
        return { handle: record.identifier, index: value.index }
      }
    }
    if (isCounted) failedProofs.take(address, failedProofsPerSecond, clock.monotonicMs())
    throw new Refusal(responseCodes.AUTHENTICATION_FAILED)
  }

  function verifyInTurn(key: PublicJwk, verify: () => boolean): boolean | Promise<boolean> {
    if (!isSm2(key)) return verify()
    return sm2Gate.run(async () => {
      await setImmediate()
      return verify()
    })
  }

  return {
    proveBy,
    verifyInTurn,

    proveAnswer({ authType, key, signedResponse }, challenged, address) {
      const proof: KeyProof = { challenged, signedResponse, user: key.handle, legacyDigests }
      return proveBy(key, authType, address, ({ data }) => {
        if (authType === 'HS_SECKEY') {
          return verifySecretProof(valueDataBytes(data), challenged, signedResponse, settings)
        }
        const jwk = publicKeyOf(data)
        return jwk !== undefined && verifyInTurn(jwk, () => verifyKeyProof(jwk, proof))
      })
    },

    async isSecretAnswer(key, challenged, signedResponse, address) {
      try {
        await proveBy(key, 'HS_SECKEY', address, ({ data }) =>
          verifySecretProof(valueDataBytes(data), challenged, signedResponse, settings),
        )
        return true
      } catch (error) {
        const isWrong =
          error instanceof Refusal && error.responseCode === responseCodes.AUTHENTICATION_FAILED
        if (isWrong) return false
        throw error
      }
    },

    provePassword(key, password, address) {
      const given = Buffer.from(password)
      return proveBy(key, 'HS_SECKEY', address, ({ data }) => {
        const secret = valueDataBytes(data)
        return secret.length === given.length && timingSafeEqual(secret, given)
      })
    },
  }
}

/** `300:88.118.8/ADMIN`; without an index any key of the handle. */
export function parseKeyName(text: string): Reference {
  const match = /^(\d{1,10}):(.*)$/su.exec(text)
  if (match === null) return { handle: text, index: 0 }
  return { handle: match[2] as string, index: Number(match[1]) }
}

/** The text {@link parseKeyName} reads. */
export function printKeyName({ handle, index }: Reference): string {
  return `${index}:${handle}`
}
