import type { Reference } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { decodeReference, encodeReference } from '../values/reference.ts'
import { decodeResolutionRequest, encodeResolutionRequest } from './resolution.ts'

/**
 * The national login of a connection with a key (2001): the user's handle and the index of the key.
 */
export function decodeLogin(reader: ByteReader): Reference {
  return decodeReference(reader)
}

export function encodeLogin(writer: ByteWriter, key: Reference): void {
  encodeReference(writer, key)
}

/**
 * ID-SDK's login with a password (2000), laid out as a resolution whose only type is the password.
 */
export interface PasswordLogin {
  readonly user: string
  readonly password: string
}

export function decodePasswordLogin(reader: ByteReader): PasswordLogin {
  const { handle, types } = decodeResolutionRequest(reader)
  const [password, ...more] = types
  if (password === undefined || more.length > 0) throw new MalformedBytes('value', 'one password')
  return { user: handle, password }
}

export function encodePasswordLogin(writer: ByteWriter, { user, password }: PasswordLogin): void {
  encodeResolutionRequest(writer, { handle: user, indexes: [], types: [password] })
}
