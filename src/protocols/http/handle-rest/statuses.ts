import { responseCodes } from '../../handle/response-codes.ts'

/**
 * Response codes as HTTP status codes, as Handle.Net has them. AUTHENTICATION_NEEDED and VALUES_NOT_FOUND depend on
 * more than the code.
 */
const statusByCode: ReadonlyMap<number, number> = new Map([
  [responseCodes.SUCCESS, 200],
  [responseCodes.SERVER_TOO_BUSY, 503],
  [responseCodes.SERVER_BACKUP, 503],
  [responseCodes.PROTOCOL_ERROR, 400],
  [responseCodes.OPERATION_NOT_SUPPORTED, 501],
  [responseCodes.HANDLE_NOT_FOUND, 404],
  [responseCodes.HANDLE_ALREADY_EXISTS, 409],
  [responseCodes.INVALID_HANDLE, 400],
  [responseCodes.VALUES_NOT_FOUND, 400],
  [responseCodes.VALUE_ALREADY_EXISTS, 409],
  [responseCodes.INVALID_VALUE, 400],
  [responseCodes.SERVER_NOT_RESP, 400],
  [responseCodes.SERVICE_REFERRAL, 300],
  [responseCodes.PREFIX_REFERRAL, 300],
  [responseCodes.INVALID_ADMIN, 403],
  [responseCodes.INSUFFICIENT_PERMISSIONS, 403],
  [responseCodes.AUTHENTICATION_NEEDED, 401],
  [responseCodes.AUTHENTICATION_FAILED, 403],
  [responseCodes.INVALID_CREDENTIAL, 403],
])

export function statusOf(responseCode: number): number {
  return statusByCode.get(responseCode) ?? 500
}
