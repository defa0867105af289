import { Failure, type FailureCode } from '../../model/failures.ts'
import { MalformedBytes } from '../bytes/malformed-bytes.ts'
import { WriterFull } from '../bytes/writer.ts'
import { responseCodes } from './response-codes.ts'

/** What only this wire refuses, or refuses in its own way. Never leaves the Handle doors. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  /** One of `responseCodes`. */
  readonly responseCode: number

  constructor(responseCode: number, message = '') {
    super(message)
    this.responseCode = responseCode
  }
}

/** Our failures as response codes (RFC 3652 §2.2.2.2). */
export const failureCodes = {
  IDENTIFIER_MALFORMED: responseCodes.INVALID_HANDLE,
  IDENTIFIER_UNKNOWN: responseCodes.HANDLE_NOT_FOUND,
  PREFIX_UNKNOWN: responseCodes.SERVER_NOT_RESP,
  IDENTIFIER_GONE: responseCodes.HANDLE_NOT_FOUND,
  INPUT_INVALID: responseCodes.INVALID_VALUE,
  NOT_AUTHENTICATED: responseCodes.AUTHENTICATION_NEEDED,
  NOT_PERMITTED: responseCodes.INVALID_ADMIN,
  CONSENT_MISSING: responseCodes.INSUFFICIENT_PERMISSIONS,
  CODE_MISSING: responseCodes.ERROR,
  ALREADY_EXISTS: responseCodes.HANDLE_ALREADY_EXISTS,
  IDEMPOTENCY_MISMATCH: responseCodes.ERROR,
  STATE_CONFLICT: responseCodes.ERROR,
  VERSION_STALE: responseCodes.SERVER_TOO_BUSY,
  TOO_LARGE: responseCodes.ERROR,
  TOO_MANY: responseCodes.SERVER_TOO_BUSY,
  OVERLOADED: responseCodes.SERVER_TOO_BUSY,
  STORE_AWAY: responseCodes.SERVER_TOO_BUSY,
  UPSTREAM_AWAY: responseCodes.SERVER_TOO_BUSY,
} as const satisfies Record<FailureCode, number>

/**
 * What was thrown as a response code and a text for the client.
 * @returns undefined for what nobody foresaw
 */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  if (error instanceof Failure) return new Refusal(codeOf(error), error.detail.en)
  if (error instanceof WriterFull)
    return new Refusal(responseCodes.ERROR, 'the answer is too large')
  if (!(error instanceof MalformedBytes)) return undefined
  // A handle that is not UTF-8 is no handle (RFC 3651 §2); everything else is no message.
  const code = error.rule === 'text' ? responseCodes.INVALID_HANDLE : responseCodes.PROTOCOL_ERROR
  return new Refusal(code, error.message)
}

/** Nodes that refer to each other in a circle stay what they are: asking again, as for a busy one, would not help. */
function codeOf({ code, facts }: Failure): number {
  const isLoop = code === 'UPSTREAM_AWAY' && facts['reason'] === 'loop'
  return isLoop ? responseCodes.RECURSION_COUNT_TOO_HIGH : failureCodes[code]
}

/** The codes that all three stacks can read; id-pointer waits for ever over any other. */
const commonCodes: ReadonlySet<number> = new Set([
  1, 2, 3, 4, 5, 100, 101, 102, 200, 201, 202, 302, 303, 400, 401, 402, 403, 404, 405,
])

/** Every other code as the common one that says nearly the same. */
const commonCodeOf: ReadonlyMap<number, number> = new Map([
  [responseCodes.SERVER_BACKUP, responseCodes.SERVER_TOO_BUSY],
  [responseCodes.SERVER_NOT_RESP, responseCodes.HANDLE_NOT_FOUND],
  [responseCodes.AUTHEN_ERROR, responseCodes.AUTHENTICATION_FAILED],
])

/** @param allCodes the operator says that every client here can read every code */
export function sentCode(responseCode: number, allCodes: boolean): number {
  if (allCodes || commonCodes.has(responseCode)) return responseCode
  return commonCodeOf.get(responseCode) ?? responseCodes.ERROR
}
