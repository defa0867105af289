import type { Reference } from '../../model/value.ts'
import { ByteReader } from '../bytes/reader.ts'
import { ByteWriter } from '../bytes/writer.ts'
import { type Challenge, challengedBytes, encodeChallenge } from './bodies/challenge.ts'
import { decodeChallengeAnswer } from './bodies/challenge-answer.ts'
import type { OpenChallenge } from './identity/challenges.ts'
import type { Prover } from './identity/prove.ts'
import { opCodes } from './op-codes.ts'
import { opFlags } from './op-flags.ts'
import type { HandleParts } from './parts.ts'
import { Refusal } from './refusal.ts'
import type { HandleRequest, Peer, Reply } from './request.ts'
import { digestTypeFor, makeRequestDigest } from './request-digest.ts'
import { responseCodes } from './response-codes.ts'
import { versionFor } from './write-answer.ts'

/** Challenges and their answers (RFC 3652 §3.5), and the national login on top of them. */
export interface Authentication {
  /** What a request that needs an identity gets: a challenge, or INVALID_ADMIN where none is configured. */
  challenge(request: HandleRequest): Reply
  /** Takes the challenge that a request answers. @throws Refusal AUTHEN_TIMEOUT when it is unknown or too old */
  take(request: HandleRequest): OpenChallenge
  /** Whose key answered it. @throws Refusal AUTHENTICATION_FAILED, MalformedBytes */
  prove(request: HandleRequest, open: OpenChallenge): Promise<Reference>
}

const nonceBytes = 16
const challengeBytesMax = 256

export function makeAuthentication(
  { settings, random, clock }: Pick<HandleParts, 'settings' | 'random' | 'clock'>,
  prover: Prover,
): Authentication {
  /**
   * A connection keeps the session id its peer chose, as id-pointer does without any session; elsewhere the id must
   * not be guessable, because it stands for the peer.
   */
  function sessionIdFor({ envelope, peer }: HandleRequest): number {
    if (peer.transport === 'tcp' && envelope.sessionId !== 0) return envelope.sessionId
    let sessionId: number
    do sessionId = random(4).readUInt32BE(0) >>> 1
    while (sessionId === 0 || peer.challenges.has(sessionId))
    return sessionId
  }

  function isChallenged({ opCode }: HandleRequest['header']): boolean {
    return settings.challenge || opCode === opCodes.LOGIN_KEY
  }

  return {
    challenge(request) {
      if (!isChallenged(request.header)) {
        // ID-SDK and id-pointer cannot answer a challenge here; id-pointer would take it for success.
        throw new Refusal(responseCodes.INVALID_ADMIN, 'log in first')
      }
      const { major, minor } = versionFor(request.envelope)
      const challenge: Challenge = {
        requestDigest: makeRequestDigest(digestTypeFor(major, minor), request.signedPart),
        nonce: random(nonceBytes),
      }
      const sessionId = sessionIdFor(request)
      const madeAtMs = clock.monotonicMs()
      request.peer.challenges.add({ sessionId, challenge, request: kept(request), madeAtMs })
      const writer = new ByteWriter(challengeBytesMax)
      encodeChallenge(writer, challenge)
      return {
        responseCode: responseCodes.AUTHENTICATION_NEEDED,
        body: writer.view(),
        opFlags: opFlags.RRDG,
        sessionId,
        hasDigest: true,
      }
    },

    take({ envelope, peer }) {
      const open = peer.challenges.take(envelope.sessionId, clock.monotonicMs())
      if (open === undefined) throw new Refusal(responseCodes.AUTHEN_TIMEOUT)
      return open
    },

    async prove({ body, peer }, { challenge }) {
      const answer = decodeChallengeAnswer(new ByteReader(body))
      try {
        return await prover.proveAnswer(answer, challengedBytes(challenge), peer.address)
      } catch (error) {
        countFailure(peer, error)
        throw error
      }
    },
  }
}

/** The request with bytes of its own: those it came in belong to the socket. */
function kept(request: HandleRequest): HandleRequest {
  const signedPart = Buffer.from(request.signedPart)
  const body = signedPart.subarray(signedPart.length - request.body.length)
  return { ...request, signedPart, body }
}

function countFailure(peer: Peer, error: unknown): void {
  const isWrong =
    error instanceof Refusal && error.responseCode === responseCodes.AUTHENTICATION_FAILED
  if (isWrong) peer.failedProofCount += 1
}
