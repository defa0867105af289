import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../src/protocols/bytes/writer.ts'
import { decodeChallenge, encodeChallenge } from '../../../src/protocols/handle/bodies/challenge.ts'
import {
  decodeChallengeAnswer,
  encodeChallengeAnswer,
} from '../../../src/protocols/handle/bodies/challenge-answer.ts'
import {
  decodeErrorMessage,
  encodeErrorMessage,
} from '../../../src/protocols/handle/bodies/error-message.ts'
import {
  decodeCreatedHandle,
  decodeHandleBody,
  encodeHandleBody,
} from '../../../src/protocols/handle/bodies/handle.ts'
import {
  decodeHandleList,
  encodeHandleList,
} from '../../../src/protocols/handle/bodies/handle-list.ts'
import {
  decodeHandleValues,
  encodeHandleValues,
} from '../../../src/protocols/handle/bodies/handle-values.ts'
import {
  decodeLogin,
  decodePasswordLogin,
  encodeLogin,
  encodePasswordLogin,
} from '../../../src/protocols/handle/bodies/login.ts'
import { decodeReferral, encodeReferral } from '../../../src/protocols/handle/bodies/referral.ts'
import {
  decodeRemoveValue,
  encodeRemoveValue,
} from '../../../src/protocols/handle/bodies/remove-value.ts'
import {
  decodeResolutionAnswer,
  decodeResolutionRequest,
  encodeResolutionAnswer,
  encodeResolutionRequest,
} from '../../../src/protocols/handle/bodies/resolution.ts'
import {
  decodeSessionKeyData,
  decodeSessionKeyExchange,
  decodeSessionSetup,
  encodeSessionKeyData,
  encodeSessionKeyExchange,
  encodeSessionSetup,
} from '../../../src/protocols/handle/bodies/session.ts'
import {
  decodeVerifyAnswer,
  decodeVerifyRequest,
  encodeVerifyAnswer,
  encodeVerifyRequest,
} from '../../../src/protocols/handle/bodies/verify-answer.ts'
import {
  type Credential,
  decodeCredential,
  encodeCredential,
} from '../../../src/protocols/handle/credential.ts'
import { decodeEnvelope, type Envelope } from '../../../src/protocols/handle/envelope.ts'
import type { Header } from '../../../src/protocols/handle/header.ts'
import { decodeMessage, encodeMessage } from '../../../src/protocols/handle/message.ts'
import { opCodes } from '../../../src/protocols/handle/op-codes.ts'
import { hasFlag } from '../../../src/protocols/handle/op-flags.ts'
import {
  decodeRequestDigest,
  encodeRequestDigest,
  type RequestDigest,
} from '../../../src/protocols/handle/request-digest.ts'
import { responseCodes } from '../../../src/protocols/handle/response-codes.ts'
import { decodeSite, encodeSite } from '../../../src/protocols/handle/values/site.ts'

/** A message with all that is in it decoded. */
export interface Decoded {
  readonly envelope: Envelope
  readonly header: Header
  readonly digest: RequestDigest | undefined
  readonly body: unknown
  readonly credential: Credential | undefined
}

interface BodyCodec<T> {
  readonly decode: (reader: ByteReader) => T
  readonly encode: (writer: ByteWriter, body: T) => void
}

/** Binds the two halves of a codec, so that the table below may hold them side by side. */
function codec<T>(
  decode: BodyCodec<T>['decode'],
  encode: BodyCodec<T>['encode'],
): BodyCodec<unknown> {
  return { decode, encode: (writer, body) => encode(writer, body as T) }
}

const nothing = codec(
  () => undefined,
  () => undefined,
)
/** Replication: a node like ours answers "not supported" and never reads the body. */
const opaque = codec(
  reader => reader.bytes(reader.remaining),
  (writer, body) => writer.bytes(body),
)
const handle = codec(decodeHandleBody, encodeHandleBody)
const handleValues = codec(decodeHandleValues, encodeHandleValues)
const handleList = codec(decodeHandleList, encodeHandleList)
const created = codec(decodeCreatedHandle, (writer, body) => {
  if (body !== undefined) encodeHandleBody(writer, body)
})

const requests: Readonly<Record<number, BodyCodec<unknown>>> = {
  [opCodes.RESOLUTION]: codec(decodeResolutionRequest, encodeResolutionRequest),
  [opCodes.GET_SITEINFO]: handle,
  [opCodes.CREATE_HANDLE]: handleValues,
  [opCodes.DELETE_HANDLE]: handle,
  [opCodes.ADD_VALUE]: handleValues,
  [opCodes.REMOVE_VALUE]: codec(decodeRemoveValue, encodeRemoveValue),
  [opCodes.MODIFY_VALUE]: handleValues,
  [opCodes.LIST_HANDLE]: handle,
  [opCodes.CHALLENGE_RESPONSE]: codec(decodeChallengeAnswer, encodeChallengeAnswer),
  [opCodes.VERIFY_RESPONSE]: codec(decodeVerifyRequest, encodeVerifyRequest),
  [opCodes.HOME_NA]: handle,
  [opCodes.UNHOME_NA]: handle,
  [opCodes.LIST_HOMED_NA]: handle,
  [opCodes.SESSION_SETUP]: codec(decodeSessionSetup, encodeSessionSetup),
  [opCodes.SESSION_TERMINATE]: handle,
  [opCodes.SESSION_EXCHANGEKEY]: codec(decodeSessionKeyExchange, encodeSessionKeyExchange),
  [opCodes.NEXT_TXN_ID]: handle,
  [opCodes.LOGIN_PASSWORD]: codec(decodePasswordLogin, encodePasswordLogin),
  [opCodes.LOGIN_KEY]: codec(decodeLogin, encodeLogin),
}

const answers: Readonly<Record<number, BodyCodec<unknown>>> = {
  [opCodes.RESOLUTION]: codec(decodeResolutionAnswer, encodeResolutionAnswer),
  [opCodes.GET_SITEINFO]: codec(decodeSite, encodeSite),
  [opCodes.CREATE_HANDLE]: created,
  [opCodes.LIST_HANDLE]: handleList,
  [opCodes.VERIFY_RESPONSE]: codec(decodeVerifyAnswer, encodeVerifyAnswer),
  [opCodes.LIST_HOMED_NA]: handleList,
  [opCodes.SESSION_SETUP]: codec(decodeSessionKeyData, encodeSessionKeyData),
  [opCodes.NEXT_TXN_ID]: opaque,
}

function codecOf({ opCode, responseCode }: Header): BodyCodec<unknown> {
  switch (responseCode) {
    case responseCodes.REQUEST:
      return requests[opCode] ?? opaque
    case responseCodes.SUCCESS:
      return answers[opCode] ?? nothing
    case responseCodes.AUTHENTICATION_NEEDED:
      return codec(decodeChallenge, encodeChallenge)
    case responseCodes.SERVICE_REFERRAL:
    case responseCodes.PREFIX_REFERRAL:
      return codec(decodeReferral, encodeReferral)
    default:
      return codec(decodeErrorMessage, encodeErrorMessage)
  }
}

/** A challenge's digest belongs to its body. */
function hasDigest({ responseCode, opFlags }: Header): boolean {
  return (
    responseCode !== responseCodes.REQUEST &&
    responseCode !== responseCodes.AUTHENTICATION_NEEDED &&
    hasFlag(opFlags, 'RRDG')
  )
}

export function decodeAll(bytes: Buffer): Decoded {
  const outer = new ByteReader(bytes)
  const envelope = decodeEnvelope(outer)
  const message = decodeMessage(bytes, envelope, outer.offset)
  const { header } = message
  const reader = new ByteReader(message.body)
  const digest = hasDigest(header) ? decodeRequestDigest(reader) : undefined
  const body = codecOf(header).decode(reader)
  const credential =
    message.credential.length === 0 ? undefined : decodeCredential(message.credential)
  return { envelope, header, digest, body, credential }
}

export function encodeAll({ envelope, header, digest, body, credential }: Decoded): Buffer {
  const writer = new ByteWriter(2 ** 20)
  if (digest !== undefined) encodeRequestDigest(writer, digest)
  codecOf(header).encode(writer, body)
  const bodyBytes = writer.taken()
  writer.reset()
  if (credential !== undefined) encodeCredential(writer, credential)
  const credentialBytes = writer.taken()
  writer.reset()
  encodeMessage(writer, { envelope, header, body: bodyBytes, credential: credentialBytes })
  return writer.taken()
}
