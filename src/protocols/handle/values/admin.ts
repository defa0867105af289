import assert from 'node:assert/strict'
import type { Admin } from '../../../model/value.ts'
import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { decodeReference, encodeReference } from './reference.ts'

const permissionBits = 12
const permissionMask = 0x0fff
const legacyTail = Buffer.alloc(2)

/**
 * HS_ADMIN (RFC 3651 §3.2.1): permissions, then the administrator. Old writers leave two zero bytes
 * behind.
 */
export function decodeAdmin(reader: ByteReader): Admin {
  const permissions = (reader.uint16() & permissionMask).toString(2).padStart(permissionBits, '0')
  const { handle, index } = decodeReference(reader)
  const admin = { handle, index, permissions }
  if (reader.remaining !== legacyTail.length) {
    reader.end()
    return admin
  }
  return { ...admin, legacyByteLength: true }
}

export function encodeAdmin(writer: ByteWriter, admin: Admin): void {
  assert.match(admin.permissions, /^[01]{12}$/)
  writer.uint16(Number.parseInt(admin.permissions, 2))
  encodeReference(writer, admin)
  if (admin.legacyByteLength) writer.bytes(legacyTail)
}
