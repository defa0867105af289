import { ByteReader } from '../../bytes/reader.ts'
import { ByteWriter } from '../../bytes/writer.ts'
import { decodeLogin, decodePasswordLogin } from '../bodies/login.ts'
import { decodeVerifyRequest, encodeVerifyAnswer } from '../bodies/verify-answer.ts'
import { type Prover, parseKeyName } from '../identity/prove.ts'
import type { HandleParts } from '../parts.ts'
import { Refusal } from '../refusal.ts'
import { noBody, type Operation, type Reply } from '../request.ts'
import { responseCodes } from '../response-codes.ts'

const loggedIn: Reply = { responseCode: responseCodes.SUCCESS, body: noBody }

/**
 * Login of a connection with a key (2001). Proved by a challenge it makes the identity the connection's; who asks
 * unproved is challenged, and a success without a challenge would be an error to id-pointer.
 */
export function makeLoginOperation(): Operation {
  return function login({ body, peer }, identity) {
    decodeLogin(new ByteReader(body))
    if (identity === undefined) throw new Refusal(responseCodes.AUTHENTICATION_NEEDED)
    peer.identity = identity
    return loggedIn
  }
}

/** Login with user name and password in clear text (2000), where the operator allows it. */
export function makePasswordLoginOperation({ settings }: HandleParts, prover: Prover): Operation {
  return async function loginWithPassword({ body, peer }) {
    if (!settings.passwordLogin) throw new Refusal(responseCodes.OPERATION_NOT_SUPPORTED)
    const { user, password } = decodePasswordLogin(new ByteReader(body))
    const key = parseKeyName(user)
    const identity = await prover.provePassword(key, password, peer.address)
    peer.identity = identity
    const writer = new ByteWriter(passwordAnswerBytesMax)
    writer.text(user)
    writer.int32(identity.index)
    return { ...loggedIn, body: writer.view() }
  }
}

const passwordAnswerBytesMax = 8192

/** Verify a secret-key answer for another server (201): one byte, 1 or 0. */
export function makeVerifyOperation(prover: Prover): Operation {
  return async function verifyAnswer({ body, peer }) {
    const { key, nonce, requestDigest, signedResponse } = decodeVerifyRequest(new ByteReader(body))
    const challenged = Buffer.concat([nonce, requestDigest])
    const isValid = await prover.isSecretAnswer(key, challenged, signedResponse, peer.address)
    const writer = new ByteWriter(1)
    encodeVerifyAnswer(writer, isValid)
    return { ...loggedIn, body: writer.view() }
  }
}
